"""What has been done, in numbers: for Prometheus."""

from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
TOGETHER = (1, 2, 4, 8, 16, 32, 64)
KIND = "text/plain; version=0.0.4; charset=utf-8"


class Counts:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        told = {"registry": self.registry, "namespace": "vgglab"}
        self.pictures = Counter("pictures", "Pictures, by what came of them.", ["model", "result"], **told)
        self.refusals = Counter("refused_requests", "Requests that were not served, by status.", ["status"], **told)
        self.hung_up = Counter("hung_up_requests", "Requests whose client went before the answer.", **told)
        self.seconds = Histogram(
            "predict_seconds", "From a whole request to its answer.", ["model"], buckets=SECONDS, **told
        )
        self.together = Histogram(
            "pictures_together", "Pictures that were computed together.", ["model"], buckets=TOGETHER, **told
        )
        self.waiting = Gauge("waiting_pictures", "Pictures that wait or are computed.", ["model"], **told)

    def refused(self, status: HTTPStatus) -> None:
        """A request was not served."""
        self.refusals.labels(int(status)).inc()

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)
