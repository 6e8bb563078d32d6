# The hub alone. Its graph is a server of its own (docker-compose.yml), so no Java runs in this image.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/sluicegate \
 && /opt/sluicegate/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/sluicegate/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/sluicegate --create-home sluicegate
COPY --from=build /opt/sluicegate /opt/sluicegate
ENV PATH=/opt/sluicegate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER sluicegate
WORKDIR /var/lib/sluicegate
EXPOSE 8600
CMD ["sluicegate", "serve"]
