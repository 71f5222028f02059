"""Studies that are shipped with the package: one YAML file each."""
