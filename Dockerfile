# The node, which is what a plain build gives, and the backend:
#   docker build -t probeops/probe-agent .
#   docker build -t probeops/probe-backend --target backend .
# BuildKit makes a smaller image of the node, the old builder serves as well. docs/docker.md says how to run them.

FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/install-deps.sh scripts/
RUN scripts/install-deps.sh build && apt-get install -y --no-install-recommends libcap2-bin
COPY scripts/version.sh scripts/release.sh scripts/
COPY Package.swift Package.resolve[d] ./
COPY Sources Sources
# The package names its test targets, so their folders must exist.
COPY Tests Tests
# The version that the programs show; that of the sources where none is given.
ARG VERSION=
RUN if [ -n "$VERSION" ]; then scripts/version.sh "$VERSION"; fi

FROM build AS build-node
RUN scripts/release.sh probe-agent /probe-agent && rm -rf .build-static
# Permitted, not effective: with +ep the program could not even start where the container lacks NET_RAW.
RUN setcap cap_net_raw+p /probe-agent

FROM debian:bookworm-slim AS runtime
# A fixed number, so that it can be named by whoever gives it files. Nothing in the image may raise privileges but the
# node, which gets CAP_NET_RAW by its file: no setuid program is left.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libidn2-0 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/log/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && groupadd --gid 65532 probeops \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /var/lib/probeops --shell /usr/sbin/nologin probeops \
    && install -d -o 65532 -g 65532 -m 0700 /var/lib/probeops
USER 65532:65532
WORKDIR /var/lib/probeops
VOLUME /var/lib/probeops
STOPSIGNAL SIGTERM

FROM runtime AS node
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcap2-bin libldns3 liboping0 libpcre2-8-0 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/log/*
COPY --from=build-node /probe-agent /usr/local/bin/probe-agent
# The old builder loses a file's capability on the way from stage to stage, and pays for this with a second copy.
RUN getcap /usr/local/bin/probe-agent | grep -q cap_net_raw=p || setcap cap_net_raw+p /usr/local/bin/probe-agent
USER 65532:65532
# What survives a new container: the node's identity and results that the backend does not have yet. The control socket
# of `status` and `drain` is there as well.
ENV PROBEOPS_STATE_DIR=/var/lib/probeops
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["probe-agent", "status", "--ready"]
ENTRYPOINT ["probe-agent"]
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="probe-agent" \
    org.opencontainers.image.description="ProbeOps node: network diagnostics for a ProbeOps backend" \
    org.opencontainers.image.base.name="debian:bookworm-slim" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"

FROM build AS build-backend
RUN scripts/release.sh probe-backend /probe-backend && rm -rf .build-static

FROM runtime AS backend
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq5 openssl \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/log/*
COPY deploy/docker/first-run.sh /usr/local/bin/probeops-first-run
COPY --from=build-backend /probe-backend /usr/local/bin/probe-backend
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["probe-backend", "health"]
ENTRYPOINT ["probe-backend"]
CMD ["serve", "--listen", "0.0.0.0:8000", "--database", "/var/lib/probeops/fleet.db"]
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="probe-backend" \
    org.opencontainers.image.description="ProbeOps reference backend" \
    org.opencontainers.image.base.name="debian:bookworm-slim" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"

# Last, so that it is the default; the stage itself comes before the backend's, so that `--target node` builds no backend
# with the old builder either, which goes through all stages above the wanted one.
FROM node
