"""Raw stage of police_incident: incidents of anti-social behaviour and of hate opened by the force.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_police_incident = raw_asset("police_incident")
