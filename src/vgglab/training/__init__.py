"""Training: Keras owns the loop; here are the batches it gets and the callbacks that watch it."""
