# docker build --tag serfsim . && docker run --rm serfsim
# prints the first answer. With scenarios and results of your own:
# docker run --rm --volume "$PWD:/work" --user "$(id -u):$(id -g)" serfsim run mine.yaml

FROM python:3.13-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The compiler makes the hot path ten times as fast; the image that runs does without it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements.lock pyproject.toml ./
RUN python -m venv /serfsim \
    && python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > needed.txt \
    && /serfsim/bin/pip install --no-cache-dir --requirement needed.txt --constraint requirements.lock
COPY . .
RUN /serfsim/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="serfsim" \
      org.opencontainers.image.description="A wind tunnel for Serf clusters" \
      org.opencontainers.image.source="https://github.com/serfsim/serfsim" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /serfsim /serfsim
RUN useradd --create-home --uid 1000 serfsim \
    && mkdir /work \
    && chown serfsim /work
ENV PATH=/serfsim/bin:$PATH \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONUNBUFFERED=1
USER 1000
WORKDIR /work
ENTRYPOINT ["serfsim"]
CMD ["run", "udp_blocked", "--no-figures"]
