"""`python -m vidgen_pipeline` is the `vidgen` command."""

from vidgen_pipeline.cli import main

main()
