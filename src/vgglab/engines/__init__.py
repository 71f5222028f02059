"""How an epoch is computed: by Keras's `fit`, or resident on the device, many steps a call."""
