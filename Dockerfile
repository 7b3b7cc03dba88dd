# The homelab program: one bundle on a Node image. Build it from a checkout after `npm run build`:
#   docker build -t homelab .
#   docker run -d --name homelab --network host --read-only --memory 96m --group-add "$(stat -c %g /var/run/docker.sock)" \
#     -v homelab:/data -v /var/run/docker.sock:/var/run/docker.sock homelab
ARG BASE_IMAGE=node:20-bookworm-slim
FROM ${BASE_IMAGE}
# homelab.cache saves 0.1 s per start where this Node is the one that built; any other ignores it.
COPY dist/homelab.mjs dist/homelab.c* /app/dist/
COPY dist/classic-level /app/dist/classic-level
COPY dist/page /app/dist/page
# A volume made from an empty directory of the image takes over its owner.
COPY --chown=1000:1000 docker/data /data
# An inventory is mounted over this one, if there is any.
COPY docker/data /inventory
WORKDIR /app
USER 1000:1000
# docker-compose 2 would be a third of the image: who wants redeploys mounts it (services/node-agent).
ENV PATH=$PATH:/opt/homelab/bin
ENV HOMELAB_ROOT=/data HOMELAB_INVENTORY=/inventory NODE_ENV=production
VOLUME /data
# A start of Node costs 0.2 s of one core: once a minute is 0.4 % of a Pi.
HEALTHCHECK --interval=60s --timeout=15s --start-period=20s --retries=3 CMD ["node", "/app/dist/homelab.mjs", "alive"]
# 96 MB are enough: measured 65 to 75 MB with every actor at 50 containers.
ENTRYPOINT ["node", "--max-semi-space-size=1", "--max-old-space-size=64", "/app/dist/homelab.mjs"]
CMD ["up"]
