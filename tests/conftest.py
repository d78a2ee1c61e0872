"""Settings of a developer's shell must not reach a test."""

import os

for _name in [name for name in os.environ if name.startswith("SAFER_") and name != "SAFER_REAL_DATA"]:
    del os.environ[_name]
os.environ["GX_ANALYTICS_ENABLED"] = "false"
