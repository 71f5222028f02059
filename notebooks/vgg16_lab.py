# The source of vgg16_lab.ipynb and vgg16_lab.fr.ipynb: `python docs/scripts/notebooks.py` makes both.
# A cell begins with `# %%`: `[code]`, or text in English `[en]` and then in French `[fr]`.
# The code is the same in both, but for the line that names the language.

# %% [en]
# # The VGG-16 lab
#
# From a network that does not learn, to one that does, to one that another network has taught: the lab, question by
# question. Each step is shown twice where that teaches something: in plain Keras, and then with
# vgglab's one line that does the same, keeps everything in a folder, and says what happened.
#
# It runs on the 1,797 digits that come with scikit-learn, enlarged to 32x32, and on a VGG-16 an eighth as wide as the
# original, so that a laptop needs minutes. vgglab and Jupyter (`pip install jupyterlab`) are all
# it needs; nothing is downloaded. For the lab as written, put `cifar10` for `digits` and `1.0` for the widths, on a GPU.
# %% [fr]
# # Le TP VGG-16
#
# D'un réseau qui n'apprend pas à un réseau qui apprend, puis à un réseau qu'un autre a instruit : le TP, question par
# question. Quand c'est instructif, chaque étape est montrée deux fois : en Keras seul, puis avec la ligne de vgglab qui
# fait la même chose, garde tout dans un dossier et dit ce qui s'est passé.
#
# On travaille sur les 1 797 chiffres fournis avec scikit-learn, agrandis en 32x32, et sur un VGG-16 huit fois moins large
# que l'original : quelques minutes suffisent sur un portable. vgglab et Jupyter (`pip install jupyterlab`)
# suffisent ; rien n'est téléchargé. Pour le TP tel qu'il est écrit, mettre `cifar10` à la place de `digits` et `1.0` pour les
# largeurs, sur un GPU.

# %% [code]
import logging
import os
import time
from pathlib import Path

import numpy as np

import vgglab  # before Keras: it chooses the fast kernels of the processor
import keras
from vgglab.models.builtin import builtin_path
from vgglab.models.describe import diff_models, diff_text
from vgglab.experiments.study import choose

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it counts the networks of this notebook, and warns of them
language = "en"
DATA, WIDTH = "digits", 0.125
OUT = Path("runs", time.strftime("notebook-%Y%m%d-%H%M%S"))  # a run is a folder, and never overwritten
IMAGES = int(os.environ.get("VGGLAB_NOTEBOOK_IMAGES", "0")) or None  # to try the notebook in a hurry
MOST_EPOCHS = int(os.environ.get("VGGLAB_NOTEBOOK_EPOCHS", "100"))  # likewise


def train(name, **settings):
    """A run of the lab: 10 epochs at a learning rate of 0.1, unless `settings` say otherwise."""
    wanted = {"learning_rate": 0.1, "batch_size": 64, "epochs": 10, "width": WIDTH} | settings
    wanted["epochs"] = min(wanted["epochs"], MOST_EPOCHS)
    return vgglab.run(data=DATA, limit=IMAGES, name=name, out=OUT, progress="none", **wanted)


# %% [en]
# ## 1. From scratch
# ### The reference network
# **Define the reference VGG-16 with Keras and show its summary.** Five blocks of 3x3 convolutions with ReLU, each followed
# by a max-pooling, then two dense layers and a softmax over the classes.
# %% [fr]
# ## 1. « From scratch »
# ### Le réseau de référence
# **Définir le VGG-16 de référence avec Keras et afficher son summary.** Cinq blocs de convolutions 3x3 avec ReLU, chacun
# suivi d'un max-pooling, puis deux couches denses et un softmax sur les classes.

# %% [code]
BLOCKS = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]  # convolutions and filters of each block


def reference_network(width):
    """VGG-16 for 32x32 images and 10 classes, in plain Keras."""
    network = keras.Sequential(name="vgg16_in_keras")
    network.add(keras.Input((32, 32, 3)))
    network.add(keras.layers.Rescaling(1 / 255))
    for block, (convolutions, filters) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            network.add(
                keras.layers.Conv2D(round(filters * width), 3, padding="same", activation="relu", name=name)
            )
        network.add(keras.layers.MaxPooling2D(name=f"block{block}_pool"))
    network.add(keras.layers.Flatten())
    network.add(keras.layers.Dense(round(4096 * width), activation="relu", name="fc1"))
    network.add(keras.layers.Dense(round(4096 * width), activation="relu", name="fc2"))
    network.add(keras.layers.Dense(10, activation="softmax", name="predictions"))
    return network


keras.utils.set_random_seed(0)
plain = reference_network(WIDTH)
plain.summary()

# %% [en]
# With vgglab it is `vgglab.vgg16`. Both have the same parameters; at full width they are the 33,638,218 of the original
# with 10 classes and 32x32 images.
# %% [fr]
# Avec vgglab, c'est `vgglab.vgg16`. Les deux ont le même nombre de paramètres ; en pleine largeur, ce sont les 33 638 218
# de l'original avec 10 classes et des images 32x32.

# %% [code]
ours = vgglab.vgg16((32, 32, 3), 10, width=WIDTH)
print(f"{plain.count_params():,} parameters in Keras, {ours.count_params():,} in vgglab")
print(f"{vgglab.vgg16((32, 32, 3), 10).count_params():,} at full width")

# %% [en]
# ### The data
# **Load the images and keep 20 % of the training set for validation.** The split is stratified: each class gives its
# share. It follows from a seed, so every run of this notebook sees the same images.
# %% [fr]
# ### Les données
# **Charger les images et créer un sous-ensemble de validation de 20 % de la base d'entraînement.** Le partage est stratifié
# : chaque classe donne sa part. Il découle d'une graine, donc tous les entraînements de ce notebook voient les mêmes images.

# %% [code]
data = vgglab.load_data(DATA, limit=IMAGES)
for part in (data.train, data.validation, data.test):
    print(part.images.shape, part.images.dtype, np.bincount(part.labels))

# %% [en]
# ### SGD and Adam
# **Train the network with SGD and with Adam, at a learning rate of 0.1.** In Keras, with SGD:
# %% [fr]
# ### SGD et Adam
# **Lancer l'apprentissage avec SGD et avec Adam, avec un learning rate de 0,1.** En Keras, avec SGD :

# %% [code]
plain.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = plain.fit(
    data.train.images,
    data.train.labels,
    batch_size=64,
    epochs=min(10, MOST_EPOCHS),
    validation_data=(data.validation.images, data.validation.labels),
    verbose=2,
)

# %% [en]
# With vgglab, the same in a line. It also keeps the history, the models, the config and what a diagnosis needs.
# %% [fr]
# Avec vgglab, la même chose en une ligne. L'historique, les modèles, la configuration et ce qu'il faut au diagnostic sont
# conservés.

# %% [code]
reference = [train("reference-sgd", optimizer="sgd"), train("reference-adam", optimizer="adam")]
vgglab.compare(*(run.folder for run in reference))

# %% [en]
# **What do we observe?** Neither learns: with ten classes, a loss of ln 10 = 2.303 and an accuracy near 0.1 are those of
# guessing. The curves are flat, and they do not say why. The findings do, from what was recorded during the training.
# %% [fr]
# **Que constatons-nous ?** Aucun des deux n'apprend : avec dix classes, une loss de ln 10 = 2,303 et une accuracy proche de
# 0,1 sont celles du hasard. Les courbes sont plates et ne disent pas pourquoi. Les constats le disent, à partir de ce qui a
# été enregistré pendant l'entraînement.

# %% [code]
reference[0].curves()

# %% [code]
reference[0].findings.translated(language)

# %% [code]
reference[1].findings.translated(language)

# %% [en]
# ### BatchNormalization
# **Add a BatchNormalization after each convolution. What changes?** In Keras it is one more line in the loop,
# `network.add(keras.layers.BatchNormalization())`; with vgglab an argument. The difference of the two networks:
# %% [fr]
# ### BatchNormalization
# **Ajouter une couche de BatchNormalization après chaque convolution. Quels sont les changements ?** En Keras, c'est une
# ligne de plus dans la boucle, `network.add(keras.layers.BatchNormalization())` ; avec vgglab, un argument. La différence
# entre les deux réseaux :

# %% [code]
with_norm = vgglab.vgg16((32, 32, 3), 10, batch_norm=True, width=WIDTH)
print(diff_text(diff_models(ours, with_norm)))

# %% [en]
# Each BatchNormalization has four numbers a filter: scale and shift are trained; mean and variance are not, they follow
# the batches. **Train with both optimizers again. What do we observe?**
# %% [fr]
# Chaque BatchNormalization a quatre nombres par filtre : échelle et décalage sont entraînés ; moyenne et variance ne le sont
# pas, elles suivent les batchs. **Relancer l'apprentissage avec les deux optimizers. Quels constats ?**

# %% [code]
normed = [
    train("batchnorm-sgd", optimizer="sgd", batch_norm=True),
    train("batchnorm-adam", optimizer="adam", batch_norm=True),
]
vgglab.compare(*(run.folder for run in [*reference, *normed]))

# %% [code]
normed[0].findings.translated(language)

# %% [code]
normed[1].findings.translated(language)

# %% [en]
# SGD now learns: the normalisation keeps the scale of what each layer passes on, forwards and backwards, so that the
# gradient arrives. Adam at 0.1 still does not: the size of its first step is the learning rate, for each weight, whatever
# the gradient, and 0.1 is more than the weights themselves.
#
# ### Dropout
# **Add Dropout with a rate of 0.2 after the convolutions, but never before or after a pooling**: after all convolutions but
# the last one of each block, 8 of 13.
# %% [fr]
# Avec SGD, le réseau apprend : la normalisation conserve l'échelle de ce que chaque couche transmet, à l'aller comme au
# retour, et le gradient arrive. Adam à 0,1 n'apprend toujours pas : la taille de son premier pas est le learning rate, pour
# chaque poids, quel que soit le gradient, et 0,1 dépasse les poids eux-mêmes.
#
# ### Dropout
# **Ajouter des couches de Dropout de taux 0,2 après les convolutions, mais jamais avant ou après un pooling** : après toutes
# les convolutions sauf la dernière de chaque bloc, soit 8 sur 13.

# %% [code]
with_dropout = vgglab.vgg16((32, 32, 3), 10, batch_norm=True, dropout=0.2, width=WIDTH)
print(diff_text(diff_models(with_norm, with_dropout)))

# %% [code]
dropped = [
    train("dropout-sgd", optimizer="sgd", batch_norm=True, dropout=0.2),
    train("dropout-adam", optimizer="adam", batch_norm=True, dropout=0.2),
]
vgglab.compare(OUT)

# %% [code]
dropped[0].curves()

# %% [code]
dropped[0].findings.translated(language)

# %% [en]
# ### The optimal network
# **Which network is optimal?** The one with the best validation accuracy; the test images have no say in it. **Train it for
# 20 epochs, save its parameters and its architecture.**
# %% [fr]
# ### Le réseau « optimal »
# **Quel est le réseau « optimal » ?** Celui dont l'accuracy de validation est la meilleure ; les images de test n'y ont pas
# part. **Lancer son entraînement sur 20 epochs, enregistrer ses paramètres et son architecture.**

# %% [code]
choice = choose([*reference, *normed, *dropped])
choice.reason

# %% [code]
chosen = choice.run.config.model
optimal = train(
    "optimal",
    optimizer=choice.run.config.train.optimizer,
    batch_norm=chosen.batch_norm,
    dropout=chosen.dropout,
    epochs=20,
)
sorted(path.name for path in optimal.folder.iterdir() if path.suffix in (".keras", ".h5", ".json"))

# %% [en]
# `best.keras` is the whole model at its best epoch; `model.weights.h5` its parameters and `architecture.json` its
# architecture, apart. In Keras: `model.save_weights(...)` and `model.to_json()`.
#
# **Evaluate it on the test images and show the confusion matrix.** The interval says how far the figure would move with
# another 360 images.
# %% [fr]
# `best.keras` est le modèle entier à sa meilleure epoch ; `model.weights.h5` ses paramètres et `architecture.json` son
# architecture, séparément. En Keras : `model.save_weights(...)` et `model.to_json()`.
#
# **Évaluer ce réseau sur la base de test et afficher la matrice de confusion.** L'intervalle dit de combien le chiffre
# bougerait avec d'autres images.

# %% [code]
optimal.metrics

# %% [code]
optimal.confusion()

# %% [en]
# ## 2. Fine-tuning
# **Take a pretrained VGG-16 without its dense layers, freeze it, add a head, show the summary.** With CIFAR-10 and a network
# connection, `keras.applications.VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))` is the base. Here it
# is the VGG-16 that comes with vgglab, a quarter as wide, which has learned CIFAR-100: other pictures than digits.
# %% [fr]
# ## 2. Fine-tuning
# **Récupérer un VGG-16 pré-entraîné sans ses couches denses, le figer, ajouter une tête, afficher le summary.** Avec CIFAR-10
# et une connexion, `keras.applications.VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))` est la base.
# Ici, c'est le VGG-16 fourni avec vgglab, quatre fois moins large, qui a appris CIFAR-100 : d'autres images que des chiffres.

# %% [code]
base_model = keras.saving.load_model(builtin_path("VGG16"), compile=False)
for layer in base_model.layers:
    layer.trainable = False

image = keras.Input((32, 32, 3), name="image_input")
x = base_model(image)  # it divides pixels by 255 itself
x = keras.layers.Flatten(name="flatten")(x)
x = keras.layers.Dense(512, activation="relu", name="fc1")(x)
x = keras.layers.Dense(10, activation="softmax", name="predictions")(x)
my_model = keras.Model(image, x)
my_model.summary()

# %% [en]
# **Train it at a learning rate of 0.1 for 15 epochs. What do we observe?** With vgglab the network is named, and its
# frozen layers are computed once and not in every epoch.
# %% [fr]
# **Lancer l'entraînement avec un learning rate de 0,1 sur 15 epochs. Que constatons-nous ?** Avec vgglab, on nomme le réseau,
# et ses couches figées sont calculées une seule fois, non à chaque epoch.

# %% [code]
pretrained = {"backbone": "VGG16", "weights": "builtin", "width": 0.25}
frozen = train("frozen", epochs=15, **pretrained)
frozen.findings.translated(language)

# %% [en]
# **Again at 0.01 and for 100 epochs; learning curves, test, confusion matrix.**
# %% [fr]
# **Relancer avec un learning rate de 0,01 et 100 epochs ; courbes d'apprentissage, évaluation, matrice de confusion.**

# %% [code]
longer = train("frozen-longer", learning_rate=0.01, epochs=100, **pretrained)
longer.curves()

# %% [code]
longer.metrics

# %% [code]
longer.confusion()

# %% [en]
# ### Normalised inputs
# **Apply `normalize`, and train again.** One mean and one standard deviation over all pixels and channels of the training
# images, applied to the others too. In Keras, as the lab has it:
# %% [fr]
# ### Entrées normalisées
# **Appliquer `normalize` et relancer l'entraînement.** Une moyenne et un écart-type sur tous les pixels et canaux des images
# d'entraînement, appliqués aussi aux autres. En Keras, comme dans le TP :


# %% [code]
def normalize(x_train, x_test):
    """Mean 0 and variance 1, by the statistics of the training images."""
    mean = np.mean(x_train, axis=(0, 1, 2, 3))
    std = np.std(x_train, axis=(0, 1, 2, 3))
    return (x_train - mean) / (std + 1e-7), (x_test - mean) / (std + 1e-7)


x_train, x_test = normalize(data.train.images.astype("float32"), data.test.images.astype("float32"))
print(f"training: mean {x_train.mean():.3f}, deviation {x_train.std():.3f}")
print(f"test: mean {x_test.mean():.3f}, deviation {x_test.std():.3f}")

# %% [en]
# With vgglab the normalisation is a layer of the model, with the numbers inside: who uses the model cannot forget it.
# %% [fr]
# Avec vgglab, la normalisation est une couche du modèle, nombres compris : qui utilise le modèle ne peut pas l'oublier.

# %% [code]
normalized = train("frozen-normalized", learning_rate=0.01, epochs=100, preprocessing="normalize", **pretrained)
vgglab.compare(frozen.folder, longer.folder, normalized.folder, optimal.folder)

# %% [en]
# The table answers what normalising changed, and what fine-tuning gave for its cost: compare `val_accuracy`,
# `test_accuracy` and `seconds` of the frozen networks and of `optimal`.
#
# ## 3. What next
# A saved model takes raw images, from anywhere:
# %% [fr]
# Le tableau dit ce que la normalisation a changé, et ce que le fine-tuning a donné pour son coût : comparer `val_accuracy`,
# `test_accuracy` et `seconds` des réseaux figés et de `optimal`.
#
# ## 3. Et ensuite
# Un modèle enregistré prend des images brutes, d'où qu'elles viennent :

# %% [code]
optimal.predict(data.test.images[:5])

# %% [en]
# - Other data: `DATA = "cifar100"`, or a folder of your own pictures (`docs/tutorial.md`).
# - Another pretrained network: `train("mobile", backbone="MobileNetV2", preprocessing="backbone", pooling="avg")`.
# - The whole lab with one command, and a report to send around: `vgglab study vgg16-lab --data digits --width 0.25`.
# - What each finding means: `docs/findings.md`.
# %% [fr]
# - D'autres données : `DATA = "cifar100"`, ou un dossier de vos propres images (`docs/tutorial.md`, en anglais).
# - Un autre réseau pré-entraîné : `train("mobile", backbone="MobileNetV2", preprocessing="backbone", pooling="avg")`.
# - Tout le TP en une commande, avec un rapport à diffuser : `vgglab study vgg16-lab --data digits --width 0.25 --lang fr`.
# - Ce que dit chaque constat : `docs/fr/constats.md`.
