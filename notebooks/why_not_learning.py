# The notebook "Why does my network not learn?", in English and French; `python docs/scripts/notebooks.py` makes the .ipynb from it.

# %% [en]
# # Why does my network not learn?
# Three Keras scripts that run without an error and do not do what they should. To each one line is added, `vgglab.Watch()`
# among the callbacks of `fit`; it changes nothing of the training. Its findings say what is the case, with figures, why,
# and what to try; then the script is mended.
# %% [fr]
# # Pourquoi mon réseau n'apprend-il pas ?
# Trois scripts Keras qui s'exécutent sans erreur et ne font pas ce qu'ils devraient. À chacun, on ajoute une ligne,
# `vgglab.Watch()` parmi les callbacks de `fit` ; elle ne change rien à l'entraînement. Ses constats disent ce qui se passe,
# chiffres à l'appui, pourquoi, et quoi essayer ; puis le script est corrigé.

# %% [code]
import keras
import numpy as np
from keras.layers import Dense
from sklearn.datasets import load_digits

import vgglab

language = "en"

digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
x, y = digits.data[order], digits.target[order]
x.shape, x.min(), x.max(), y[:10]

# %% [en]
# Images of 8x8 pixels as a table of 64 columns, values from 0 to 16, and the digit that each shows.
#
# ## 1. The loss does not fall
# A hidden layer, ten outputs, cross-entropy. The pixels are divided by 16. Ten classes: an accuracy near 0.1 is that of
# guessing.
# %% [fr]
# Des images de 8x8 pixels sous forme de table de 64 colonnes, de valeurs 0 à 16, et le chiffre que chacune montre.
#
# ## 1. La loss ne descend pas
# Une couche cachée, dix sorties, entropie croisée. Les pixels sont divisés par 16. Dix classes : une accuracy proche de 0,1
# est celle du hasard.


# %% [code]
def fit(model, x_train, y_train, x_val, y_val, **options):
    """Train, and show the last epoch's figures."""
    history = model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=8, verbose=0, **options).history
    return {name: round(values[-1], 3) for name, values in history.items()}


scaled = (x[:1200] / 16, y[:1200], x[1200:] / 16, y[1200:])

keras.utils.set_random_seed(0)
model = keras.Sequential([Dense(32, activation="relu"), Dense(10, activation="relu")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
watch = vgglab.Watch(language=language)
fit(model, *scaled, callbacks=[watch])

# %% [code]
watch.findings

# %% [en]
# The last activation is a ReLU: its outputs are no probabilities, and cross-entropy takes the logarithm of probabilities. A
# softmax makes them probabilities.
# %% [fr]
# La dernière activation est une ReLU : ses sorties ne sont pas des probabilités, or l'entropie croisée prend le logarithme
# de probabilités. Un softmax en fait des probabilités.

# %% [code]
keras.utils.set_random_seed(0)
model = keras.Sequential([Dense(32, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
watch = vgglab.Watch(language=language)
fit(model, *scaled, callbacks=[watch])

# %% [code]
watch.findings

# %% [en]
# ## 2. It learns, then it does not
# The same network with another rate, "to go faster".
# %% [fr]
# ## 2. Il apprend, puis n'apprend plus
# Le même réseau avec un autre learning rate, « pour aller plus vite ».

# %% [code]
keras.utils.set_random_seed(0)
model = keras.Sequential([Dense(32, activation="relu"), Dense(10, activation="softmax")])
model.compile(keras.optimizers.Adam(1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
watch = vgglab.Watch(language=language)
fit(model, *scaled, callbacks=[watch])

# %% [code]
watch.findings

# %% [en]
# The first step of Adam is as large as the rate, for each weight, whatever the gradient: at 1 it replaces the weights. Back
# to a rate of 0.001 it is the network above, which learned.
#
# ## 3. Validation says no
# Training goes well, validation does not. It looks like overfitting.
# %% [fr]
# Le premier pas d'Adam est aussi grand que le learning rate, pour chaque poids, quel que soit le gradient : à 1, il remplace
# les poids. Avec 0,001, c'est le réseau ci-dessus, qui a appris.
#
# ## 3. La validation dit non
# L'entraînement va bien, la validation non. On dirait du surapprentissage.

# %% [code]
keras.utils.set_random_seed(0)
model = keras.Sequential([Dense(32, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
watch = vgglab.Watch(language=language)
fit(model, x[:1200] / 16, y[:1200], x[1200:] / 255, y[1200:], callbacks=[watch])

# %% [code]
watch.findings

# %% [en]
# The training pixels were divided by 16, those of validation by 255, as one does with other images. Dropout or more data
# would not have helped: the mended script is the second one above, with `x[1200:] / 16`.
# %% [fr]
# Les pixels d'entraînement ont été divisés par 16, ceux de validation par 255, comme on le fait pour d'autres images. Ni
# dropout ni données supplémentaires n'auraient aidé : le script corrigé est le deuxième ci-dessus, avec `x[1200:] / 16`.
