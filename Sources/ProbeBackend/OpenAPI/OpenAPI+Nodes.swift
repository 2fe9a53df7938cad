extension OpenAPIDocument {
    static let nodePaths: String = """
        "/api/v1/nodes": {
          "get": {"operationId": "listNodes", "tags": ["nodes"], "summary": "Nodes by name.",
            "parameters": [\(pageParameters),
              \(queryParameter("status", "Only those.", "\"enum\": [\"online\", \"offline\", \"disabled\"]")),
              \(queryParameter("region", "Exactly this region.")), \(queryParameter("zone", "Exactly this zone.")),
              \(queryParameter("tag", "Those with this tag.")),
              \(queryParameter("q", "A part of the name, the host name or the UUID."))],
            "responses": {\(answer(200, "A page.", "NodeList")), \(problems(400, 401, 403, 422, 429, 503))}}},
        "/api/v1/nodes/{node_uuid}": {\(pathParameter("node_uuid")),
          "get": {"operationId": "getNode", "tags": ["nodes"], "summary": "One node.",
            "responses": {\(answer(200, "The node.", "Node")), \(problems(400, 401, 403, 404, 429, 503))}},
          "patch": {"operationId": "changeNode", "tags": ["nodes"], "summary": "Name, place, tags; disable or enable.",
            "description": "A disabled node's connection is closed, and it gets no jobs.", \(body("NodePatch")),
            "responses": {\(answer(200, "The node as it is then.", "Node")), \(problems(400, 401, 403, 404, 413, 422, 429, 503))}},
          "delete": {"operationId": "deleteNode", "tags": ["nodes"], "summary": "Forget a node.",
            "description": "Its connection is closed; its open jobs become failed with the error_code node_deleted, finished ones stay.",
            "responses": {\(noContent), \(problems(400, 401, 403, 404, 429, 503))}}},
        "/api/v1/nodes/{node_uuid}/rotate-key": {\(pathParameter("node_uuid")),
          "post": {"operationId": "rotateNodeKey", "tags": ["nodes"], "summary": "A new key for a node, shown once.",
            \(body("KeyRotation", required: false)),
            "responses": {\(answer(200, "The new key.", "RotatedKey")), \(problems(400, 401, 403, 404, 413, 422, 429, 503))}}},
        "/probe-nodes/register": {"post": {"operationId": "registerNode", \(registration)}},
        "/register": {"post": {"operationId": "registerOlderNode", "deprecated": true, \(registration)}},
        "/ws/node": {"get": {"operationId": "connectNode", "tags": ["nodes"], "security": [],
          "summary": "The nodes' WebSocket.",
          "responses": {"101": {"description": "The node's connection begins."}, \(problems(400, 426))}}}
        """

    /// Its errors have the form that nodes in the field know.
    private static let registration: String = """
        "tags": ["nodes"], "security": [], "summary": "A node trades a registration token for its UUID and key.",
        \(body("Registration")),
        "responses": {\(answer(200, "It is registered.", "Registered")),
          \(answer(401, "No such token, or spent, expired or revoked.", "RegistrationRefusal")),
          \(answer(422, "A field is missing or out of range.", "RegistrationComplaints")), \(problems(400, 413, 503))}
        """

    static let nodeSchemas: String = """
        "Node": {"type": "object",
          "required": ["node_uuid", "name", "hostname", "region", "zone", "tags", "version", "status", "connection_id",
            "replica", "max_concurrent", "outstanding", "registered_at", "last_seen_at", "supported_tools", "heartbeat",
            "load_history"],
          "properties": {"node_uuid": {"type": "string"}, "name": {"type": "string"},
            "hostname": {"type": ["string", "null"]}, "region": {"type": ["string", "null"]},
            "zone": {"type": ["string", "null"]}, "tags": {"type": "array", "items": {"type": "string"}},
            "version": {"type": ["string", "null"]}, "status": {"enum": ["online", "offline", "disabled"]},
            "connection_id": {"type": ["string", "null"]},
            "replica": {"type": ["string", "null"], "description": "The process that it is connected to."},
            "max_concurrent": {"type": "integer"},
            "outstanding": {"type": "integer", "description": "Jobs sent and not yet answered."},
            "registered_at": {"$ref": "#/components/schemas/Instant"},
            "last_seen_at": {"$ref": "#/components/schemas/InstantOrNull"},
            "supported_tools": {"description": "As the node registered."},
            "heartbeat": {"type": ["object", "null"], "description": "The last one, as it came."},
            "load_history": {"type": "array", "maxItems": 60, "description": "Of its last heartbeats, oldest first.",
              "items": {"type": "array", "prefixItems": [{"type": "integer", "description": "Milliseconds since 1970."},
                {"type": "number", "description": "current_load, 0 to 1."},
                {"type": ["integer", "null"], "description": "in_flight."}]}}}},
        "NodeList": {"type": "object", "required": ["nodes", "next_cursor"], "properties": {
          "nodes": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
          "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
        "NodePatch": {"type": "object", "properties": {
          "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 255, "pattern": "^[^\\\\u0000]*$", "description": "1 to 255 bytes."},
          "region": {"type": ["string", "null"], "minLength": 1, "maxLength": 255, "pattern": "^[^\\\\u0000]*$", "description": "null takes it away."},
          "zone": {"type": ["string", "null"], "minLength": 1, "maxLength": 255, "pattern": "^[^\\\\u0000]*$", "description": "null takes it away."},
          "tags": {"type": ["array", "null"], "maxItems": 32, "uniqueItems": true, "items": {"type": "string", "pattern": "^[a-z0-9.-]{1,64}$"}},
          "disabled": {"type": ["boolean", "null"]}}},
        "KeyRotation": {"type": "object", "properties": {
          "grace_seconds": {"type": ["number", "null"], "minimum": 0, "maximum": 2592000, "default": 3600,
            "description": "How long the old key stays good."}}},
        "RotatedKey": {"type": "object", "required": ["node_uuid", "api_key", "old_key_valid_until"], "properties": {
          "node_uuid": {"type": "string"}, "api_key": {"type": "string"},
          "old_key_valid_until": {"$ref": "#/components/schemas/InstantOrNull"}}},
        "Registration": {"type": "object", "required": ["registration_token", "name"], "properties": {
          "registration_token": {"type": "string"}, "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^\\\\u0000]*$"},
          "hostname": {"type": ["string", "null"], "maxLength": 255, "pattern": "^[^\\\\u0000]*$"}, "region": {"type": ["string", "null"], "maxLength": 255, "pattern": "^[^\\\\u0000]*$"},
          "zone": {"type": ["string", "null"], "maxLength": 255, "pattern": "^[^\\\\u0000]*$"}, "internal_ip": {"type": ["string", "null"], "maxLength": 255, "pattern": "^[^\\\\u0000]*$"},
          "version": {"type": ["string", "null"], "maxLength": 255, "pattern": "^[^\\\\u0000]*$"},
          "supported_tools": {}, "hardware_info": {}, "network_info": {},
          "max_concurrent_probes": {"type": ["integer", "null"], "minimum": 1, "maximum": 65536, "default": 256}}},
        "Registered": {"type": "object", "required": ["node_uuid", "api_key", "status", "config", "message"], "properties": {
          "node_uuid": {"type": "string"}, "api_key": {"type": "string"}, "status": {"const": "registered"},
          "config": {"type": "object", "required": ["heartbeat_interval"], "properties": {
            "heartbeat_interval": {"type": "integer", "description": "Seconds."}}}, "message": {"type": "string"}}},
        "RegistrationRefusal": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}},
        "RegistrationComplaints": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "array",
          "items": {"type": "object", "required": ["loc", "msg", "type"], "properties": {
            "loc": {"type": "array", "items": {"type": "string"}}, "msg": {"type": "string"}, "type": {"type": "string"}}}}}}
        """
}
