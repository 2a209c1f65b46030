# SPDX-License-Identifier: Apache-2.0
"""A small fault campaign: dead converters, and flipped bits of the tile's sequencer in its RTL.

`alpine faults` is this as a command, on all processors.

python examples/06_fault_campaign.py
"""

from rich.console import Console

from alpine_cosim import run_spec
from alpine_cosim.campaigns.faults.campaign import CampaignPlan, run_campaign
from alpine_cosim.campaigns.faults.report import print_campaign

plan = CampaignPlan(
    spec=run_spec("lstm-256", inferences=2, seed=1),
    runs=4,
    sites=("converters.adc", "sequencer"),
)
print_campaign(run_campaign(plan, workers=1), Console())
