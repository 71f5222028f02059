"""Run folders elsewhere, as `s3://bucket/runs`: worked on in a mirror here, from which they go up."""
