"""The trials of a search: what Optuna asks for, how one is trained and cut short, what came of them."""
