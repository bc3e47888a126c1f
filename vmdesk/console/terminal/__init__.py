"""The parts of a text console: a pyte screen with what pyte lacks, its parser, its history, keys, log."""
