"""How an epoch is computed: by Keras's `fit`, resident on the device, many steps a call, or on several devices of torch."""
