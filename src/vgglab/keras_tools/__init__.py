"""Keras's inside, in one place: its backend, its graph, its gradients."""
