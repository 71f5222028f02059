"""`vgglab serve`: networks over HTTP, with a page for people and an API for programs."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from vgglab.cli.console import say
from vgglab.config.serve import LOOPBACK, ServeSettings

Networks = Annotated[
    list[Path], typer.Argument(metavar="RUN|MODEL.keras...", help="Runs, model files, or folders of vgglab export.")
]
TOKEN = "Secret that requests bring along: as a bearer, or as a password that the browser asks for."
NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def serve(
    networks: Networks,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets others in.")] = ServeSettings.host,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = ServeSettings.port,
    token: Annotated[str | None, typer.Option(envvar="VGGLAB_TOKEN", help=TOKEN)] = ServeSettings.token,
    engine: Annotated[str, typer.Option(help="auto, onnx or keras; auto is ONNX Runtime where it is.")] = "auto",
    waiting: Annotated[int, typer.Option(min=1, help="Pictures that wait at most.")] = ServeSettings.waiting,
    together: Annotated[int, typer.Option(min=1, help="Pictures computed together.")] = ServeSettings.together,
    gather: Annotated[float, typer.Option(min=0, help="Milliseconds to wait for more.")] = ServeSettings.gather,
    megabytes: Annotated[int, typer.Option(min=1, help="Size of a request.")] = ServeSettings.megabytes,
    megapixels: Annotated[int, typer.Option(min=1, help="Size of a picture.")] = ServeSettings.megapixels,
    seconds: Annotated[float, typer.Option(min=0.1, help="For a request to arrive.")] = ServeSettings.seconds,
) -> None:
    """Serve networks over HTTP, with a page to drop pictures on; the address is printed, Ctrl-C or SIGTERM ends it."""
    from vgglab.errors import RunError

    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise RunError(f"serve needs the package {missing[0].replace('_', '-')}; pip install 'vgglab[serve]'")
    settings = ServeSettings(
        host=host,
        port=port,
        token=token or None,
        waiting=waiting,
        together=together,
        gather=gather,
        megabytes=megabytes,
        megapixels=megapixels,
        seconds=seconds,
    )
    _serve(networks, engine, settings)


def _serve(paths: list[Path], engine: str, settings: ServeSettings) -> None:
    from vgglab.serving.app import make_app
    from vgglab.serving.networks import open_networks
    from vgglab.serving.server import address, listen, serve

    with listen(settings) as listening:  # before networks are read, which takes longer than to hear that it is taken
        networks = open_networks(paths, engine, say)
        for network in networks:
            say(f"{network.name}: {_told(network)}")
        if settings.host not in LOOPBACK and not settings.token:
            say(f"vgglab: whoever reaches {settings.host} can use it; --token SECRET asks for one")
        app = make_app(networks, settings, lambda text: say(f"vgglab: {text}"))
        typer.echo(address(listening))
        serve(app, settings, listening)
    say("vgglab: ended; what was asked for is answered")


def _told(network: Any) -> str:
    """What computes it, how far that agrees with the network, and how good the network is."""
    parts = [f"engine {network.engine}"]
    if network.parity:
        largest = max(network.parity["largest"], network.parity["largest_of_files"])
        parts.append(f"answers as the network does (largest difference {largest:.1e}, {network.parity['n']} images)")
    if network.metrics:
        low, high = network.metrics["accuracy_interval"]
        parts.append(f"test accuracy {network.metrics['accuracy']:.4f} ({low:.4f} to {high:.4f})")
    return ", ".join(parts)
