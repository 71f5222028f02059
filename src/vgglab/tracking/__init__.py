"""Runs told to TensorBoard and MLflow. It reads run folders, trains nothing, and imports no backend."""
