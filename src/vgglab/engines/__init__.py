"""How an epoch is computed: by Keras's `fit`, resident on the device, or on several devices of torch."""
