"""The diagnosis in anybody's Keras script: a callback that records and says what it sees."""
