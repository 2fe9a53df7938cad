extension OpenAPIDocument {
    static let accessPaths: String = """
        "/api/v1/session": {
          "post": {"operationId": "login", "tags": ["access"], "security": [], "summary": "A cookie for an API key.",
            \(body("Login")),
            "responses": {"200": {"description": "The session; its cookie is HttpOnly and SameSite=Strict.",
              "headers": {"Set-Cookie": {"required": true, "schema": {"type": "string"}}},
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Session"}}}},
              \(problems(400, 401, 403, 413, 422, 429, 503))}},
          "get": {"operationId": "getSession", "tags": ["access"], "summary": "Who makes this request.",
            "responses": {\(answer(200, "The session, or the key.", "Session")), \(problems(400, 401, 429, 503))}},
          "delete": {"operationId": "logout", "tags": ["access"], "summary": "Ends the session.",
            "responses": {\(noContent), \(problems(400, 401, 403, 429, 503))}}},
        "/api/v1/keys": {
          "post": {"operationId": "createKey", "tags": ["access"], "summary": "An API key, shown once.", \(body("KeyOrder")),
            "responses": {\(answer(201, "The key.", "NewKey")), \(problems(400, 401, 403, 413, 422, 429, 503))}},
          "get": {"operationId": "listKeys", "tags": ["access"], "summary": "API keys, newest first.",
            "parameters": [\(pageParameters)],
            "responses": {\(answer(200, "A page.", "KeyList")), \(problems(400, 401, 403, 422, 429, 503))}}},
        "/api/v1/keys/{key_id}": {\(pathParameter("key_id")),
          "delete": {"operationId": "revokeKey", "tags": ["access"], "summary": "Revokes a key and ends its sessions.",
            "responses": {\(noContent), \(problems(400, 401, 403, 404, 429, 503))}}},
        "/api/v1/registration-tokens": {
          "post": {"operationId": "createRegistrationToken", "tags": ["access"], "summary": "A token with which nodes register, shown once.",
            \(body("RegistrationTokenOrder", required: false)),
            "responses": {\(answer(201, "The token.", "NewRegistrationToken")), \(problems(400, 401, 403, 413, 422, 429, 503))}},
          "get": {"operationId": "listRegistrationTokens", "tags": ["access"], "summary": "Registration tokens, newest first.",
            "parameters": [\(pageParameters)],
            "responses": {\(answer(200, "A page.", "RegistrationTokenList")), \(problems(400, 401, 403, 422, 429, 503))}}},
        "/api/v1/registration-tokens/{token_id}": {\(pathParameter("token_id")),
          "delete": {"operationId": "revokeRegistrationToken", "tags": ["access"], "summary": "Revokes a token; nodes that came by it stay.",
            "responses": {\(noContent), \(problems(400, 401, 403, 404, 429, 503))}}}
        """

    static let accessSchemas: String = """
        "Role": {"enum": ["admin", "operator", "reader"]},
        "Login": {"type": "object", "required": ["api_key"], "properties": {"api_key": {"type": "string"}}},
        "Session": {"type": "object", "required": ["role", "name", "csrf_token", "expires_at"], "properties": {
          "role": {"$ref": "#/components/schemas/Role"}, "name": {"type": "string"},
          "csrf_token": {"type": ["string", "null"], "description": "null where a key came with the request."},
          "expires_at": {"$ref": "#/components/schemas/InstantOrNull"}}},
        "KeyOrder": {"type": "object", "required": ["name", "role"], "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^\\\\u0000]*$", "description": "1 to 255 bytes."},
          "role": {"$ref": "#/components/schemas/Role"},
          "expires_in": {"type": ["number", "null"], "minimum": 1, "maximum": 31622400, "description": "Seconds; never without."}}},
        "Key": {"type": "object", "required": ["key_id", "name", "role", "created_at", "expires_at", "revoked"], "properties": {
          "key_id": {"type": "string"}, "name": {"type": "string"}, "role": {"$ref": "#/components/schemas/Role"},
          "created_at": {"$ref": "#/components/schemas/Instant"}, "expires_at": {"$ref": "#/components/schemas/InstantOrNull"},
          "revoked": {"type": "boolean"}}},
        "NewKey": {"allOf": [{"$ref": "#/components/schemas/Key"}, {"required": ["api_key"], "properties": {"api_key": {"type": "string"}}}]},
        "KeyList": {"type": "object", "required": ["keys", "next_cursor"], "properties": {
          "keys": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}},
          "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
        "RegistrationTokenOrder": {"type": "object", "properties": {
          "name": {"type": ["string", "null"], "maxLength": 255, "pattern": "^[^\\\\u0000]*$", "description": "At most 255 bytes."},
          "uses": {"type": ["integer", "null"], "minimum": 1, "maximum": 100000, "default": 1},
          "expires_in": {"type": ["number", "null"], "minimum": 1, "maximum": 31622400, "default": 86400, "description": "Seconds; null: never."}}},
        "NewRegistrationToken": {"type": "object", "required": ["token_id", "registration_token", "uses"], "properties": {
          "token_id": {"type": "string"}, "registration_token": {"type": "string"}, "name": {"type": "string"},
          "uses": {"type": "integer"}, "expires_at": {"$ref": "#/components/schemas/Instant"}}},
        "RegistrationToken": {"type": "object",
          "required": ["token_id", "name", "uses", "uses_left", "created_at", "expires_at", "revoked"], "properties": {
            "token_id": {"type": "string"}, "name": {"type": ["string", "null"]}, "uses": {"type": "integer"},
            "uses_left": {"type": "integer"}, "created_at": {"$ref": "#/components/schemas/Instant"},
            "expires_at": {"$ref": "#/components/schemas/InstantOrNull"}, "revoked": {"type": "boolean"}}},
        "RegistrationTokenList": {"type": "object", "required": ["registration_tokens", "next_cursor"], "properties": {
          "registration_tokens": {"type": "array", "items": {"$ref": "#/components/schemas/RegistrationToken"}},
          "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}}
        """
}
