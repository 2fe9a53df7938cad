"""The benchmarks, one module each, with a function `run_suite(settings, report)`."""
