"""What a run is told: schema, resolving, YAML; and what a study asks for."""
