extension OpenAPIDocument {
    static let processPaths: String = """
        "/healthz": {"get": {"operationId": "healthz", "tags": ["process"], "security": [], "summary": "Is the process there.",
          "responses": {\(answer(200, "It is.", "Health")), \(problems(400))}}},
        "/readyz": {"get": {"operationId": "readyz", "tags": ["process"], "security": [], "summary": "Does the database reply.",
          "responses": {\(answer(200, "It does.", "Health")), \(problems(400, 503))}}},
        "/metrics": {"get": {"operationId": "metrics", "tags": ["process"], "summary": "For Prometheus.",
          "responses": {"200": {"description": "Text format 0.0.4.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            \(problems(400, 401, 403, 429, 503))}}},
        "/api/v1/openapi.json": {"get": {"operationId": "openapi", "tags": ["process"], "security": [], "summary": "This document.",
          "responses": {"200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}},
            \(problems(400))}}}
        """

    static let processSchemas: String = """
        "Health": {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
        """
}
