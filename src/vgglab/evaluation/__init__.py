"""What a model got right and wrong: numbers (`metrics`) and pictures (`displays`).

Neither needs a model: they take predictions or recorded numbers. Import the module you need; this package
imports none of them, so that reading numbers loads no drawing library and no Keras backend.
"""
