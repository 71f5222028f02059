"""The diagnosis in anybody's Keras script: before a training is begun."""
