"""Ready drafts for the usual questions of B2B marketing and sales, in English and German."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.templates.mail import FOLLOW_UP_CADENCE, SUBJECT_LINE
from schemas.templates.offers import OFFER, SALES_SCRIPT
from schemas.templates.reach import CHANNEL_MIX, LANDING_PAGE
from schemas.templates.template import ExperimentTemplate

TEMPLATES: Mapping[str, ExperimentTemplate] = MappingProxyType(
    {
        template.key: template
        for template in (
            *(SUBJECT_LINE, LANDING_PAGE, FOLLOW_UP_CADENCE),
            *(OFFER, CHANNEL_MIX, SALES_SCRIPT),
        )
    }
)
