"""Raw stage of police_crime: notifiable offences recorded by the force, each in its newest state.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_police_crime = raw_asset("police_crime")
