"""What a model got right and wrong: numbers (`metrics`) and pictures (`displays`).

All but `gradcam`, and `evaluate` with it, take predictions or recorded numbers, never a model. Import the module you
need; this package imports none of them, so that reading numbers loads no drawing library and no Keras backend.
"""
