# One image for migrate, worker and API; the command says which.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements/bootstrap.txt requirements/run.txt requirements/
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
 && /venv/bin/uv pip sync --no-cache --require-hashes --python /venv/bin/python requirements/run.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home roundtable
WORKDIR /app
COPY --from=build /venv /venv
COPY schemas schemas
COPY inference inference
COPY attribution attribution
COPY transparency transparency
COPY observability observability
COPY storage storage
COPY stream_processors stream_processors
COPY api api
COPY cli cli
RUN printf '#!/bin/sh\nexec python -m cli.main "$@"\n' > /usr/local/bin/roundtable \
 && chmod 755 /usr/local/bin/roundtable
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER roundtable
EXPOSE 8000
CMD ["roundtable", "--help"]
