"""Ready drafts for the usual questions, in the language that is asked for."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api import problems
from api.problems import ProblemError
from schemas.templates import TEMPLATES
from schemas.templates.template import Template
from schemas.wording import Language

router = APIRouter(prefix="/v1/templates", tags=["experiments"])

LanguageOfTemplate = Annotated[Language, Query(description="of names, hypotheses and advice")]


class Templates(BaseModel):
    """All templates."""

    templates: list[Template]


@router.get("")
async def list_templates(language: LanguageOfTemplate = "en") -> Templates:
    """Return every template."""
    return Templates(templates=[one.filled(language) for one in TEMPLATES.values()])


@router.get("/{key}")
async def read_template(key: str, language: LanguageOfTemplate = "en") -> Template:
    """Return one template: a draft to fill in, the metrics it names, and its usual size."""
    if key not in TEMPLATES:
        raise ProblemError(problems.NOT_FOUND, f"no template has the key {key!r}")
    return TEMPLATES[key].filled(language)
