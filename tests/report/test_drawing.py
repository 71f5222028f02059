"""Networks are drawn from what the run folder records of them."""

import shutil

from vgglab.report.architecture import MANY_LAYERS, draw_network, split_stages
from vgglab.report.language import Language
from vgglab.report.network import Layer, Network, read_network
from vgglab.report.parts.network import places
from vgglab.report.records import Records


def texts_of(picture) -> list[str]:
    return [str(shape.text) for shape in picture.shapes if shape.shape == "words"]


def test_an_older_folders_architecture_tells_the_same(vgg, tmp_path):
    recorded = read_network(vgg.folder)
    shutil.copy(vgg.folder / "architecture.json", tmp_path)
    told = read_network(tmp_path)
    assert [(a.name, a.kind, a.shape, a.parameters, a.rate) for a in told.layers] == [
        (b.name, b.kind, b.shape, b.parameters, b.rate) for b in recorded.layers
    ]
    assert told.complete and len(told.layers) > 40 and not told.parameters


def test_the_blocks_of_a_vgg_are_its_stages(vgg):
    stages = split_stages(read_network(vgg.folder).layers)
    assert [stage.name for stage in stages] == ["block1", "block2", "block3", "block4", "block5", ""]
    assert [stage.side for stage in stages] == [32, 16, 8, 4, 2, None]


def test_dropout_sits_behind_eight_convolutions_and_beside_no_pooling(vgg):
    network = read_network(vgg.folder)
    dropout = {layer.name for layer in network.layers if layer.kind == "Dropout"}
    normalization = {layer.name for layer in network.layers if layer.kind == "BatchNormalization"}
    assert places(network, dropout) == (8, 0) and places(network, normalization) == (13, 5)


def test_every_layer_is_drawn_and_named(vgg):
    picture = draw_network(Records(vgg).network, "a network", Language("en"))
    drawn = texts_of(picture)
    assert drawn.count("max-pooling") == 5 and sum("conv, " in text for text in drawn) == 13
    assert {"BatchNormalization: 13", "Dropout: 8", "32×32×3", "predictions, 10"} <= set(drawn)  # noqa: RUF001


def test_a_stage_of_many_layers_is_counted_and_frozen_layers_are_marked():
    layers = [Layer(f"l{i}", "Conv2D", (8, 8, 4), 10, False) for i in range(MANY_LAYERS + 1)]
    picture = draw_network(Network([*layers, Layer("top", "Dense", (3,), 5, True)], {}), "a network", Language("en"))
    assert {"15 layers", "15 convolutions", "frozen, not trained"} <= set(texts_of(picture))
    assert sum(shape.shape == "path" and "frozen" in shape.css for shape in picture.shapes) == 2
