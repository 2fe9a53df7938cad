/// The description of the HTTP API (OpenAPI 3.1), as it is served. Its parts stand in the files by subject.
enum OpenAPIDocument {
    static let text: String = """
        {"openapi": "3.1.0",
        "info": {"title": "ProbeOps reference backend", "version": "1", "license": {"name": "MIT", "identifier": "MIT"},
          "description": "Nodes register and connect, jobs go out, results are kept. Errors are RFC 9457 problem documents with a stable code."},
        "security": [{"key": []}, {"session": []}],
        "tags": [\(tags)],
        "paths": {\(paths.joined(separator: ",\n"))},
        "components": {
        "securitySchemes": {\(securitySchemes)},
        "parameters": {\(sharedParameters)},
        "responses": {\(problemResponses)},
        "schemas": {\(schemas.joined(separator: ",\n"))}}}
        """

    private static let paths = [jobPaths, measurementPaths, schedulePaths, nodePaths, accessPaths, processPaths]
    private static let schemas = [
        sharedSchemas, jobSchemas, measurementSchemas, scheduleSchemas, nodeSchemas, accessSchemas, processSchemas,
    ]

    private static let tags: String = """
        {"name": "jobs"}, {"name": "measurements"}, {"name": "schedules"}, {"name": "nodes"}, {"name": "access"}, {"name": "process"}
        """

    private static let securitySchemes: String = """
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, or the admin token of the command line."},
        "session": {"type": "apiKey", "in": "cookie", "name": "probeops_session",
          "description": "What changes something also needs the header X-CSRF-Token with the session's csrf_token."}
        """

    private static let sharedParameters: String = """
        "limit": {"name": "limit", "in": "query", "description": "How many items a page has at most.",
          "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}},
        "cursor": {"name": "cursor", "in": "query", "description": "next_cursor of the page before.",
          "schema": {"type": "string", "maxLength": 4096}}
        """

    /// Every problem that the API knows. `components/responses` has one entry for each status.
    private static let problems: [(status: Int, codes: [String], description: String)] = [
        (400, ["invalid_json", "invalid_request"], "The body is no JSON, or the request cannot be read."),
        (401, ["unauthorized"], "No key or session, or one that is not valid any more."),
        (403, ["forbidden", "csrf_failed"], "The role does not allow it, or the session's token is missing."),
        (404, ["not_found"], "There is no such thing."),
        (405, ["method_not_allowed"], "The path has other methods; the header Allow names them."),
        (409, ["duplicate_request_id", "job_finished"], "It does not go with what is there."),
        (413, ["body_too_large"], "The body is over 4 MiB."),
        (422, ["invalid_request", "invalid_cursor", "unknown_node", "no_node"], "A field is missing or out of range."),
        (426, ["upgrade_required"], "Nodes connect here with a WebSocket handshake."),
        (429, ["rate_limited"], "The key has made too many requests."),
        (503, ["store_unavailable"], "The database failed; nothing was stored."),
    ]

    private static let problemResponses: String = problems.map { problem -> String in
        let codes = problem.codes.map { "\"\($0)\"" }.joined(separator: ", ")
        let headers = [401: "WWW-Authenticate", 405: "Allow", 426: "Upgrade", 429: "Retry-After"][problem.status]
        let header: String? = headers.map {
            "\"headers\": {\"\($0)\": {\"required\": true, \"schema\": {\"type\": \"string\"}}},"
        }
        return """
            "\(problem.status)": {"description": "\(problem.description)", \(header ?? "")
              "content": {"application/problem+json": {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"},
                {"properties": {"status": {"const": \(problem.status)}, "code": {"enum": [\(codes)]}}}]}}}}
            """
    }.joined(separator: ",\n")

    // MARK: For the parts

    /// Members of `responses`.
    static func problems(_ statuses: Int...) -> String {
        statuses.map { "\"\($0)\": {\"$ref\": \"#/components/responses/\($0)\"}" }.joined(separator: ", ")
    }

    /// A member of `responses`: JSON after that schema.
    static func answer(_ status: Int, _ description: String, _ schema: String) -> String {
        """
        "\(status)": {"description": "\(description)",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/\(schema)"}}}}
        """
    }

    static let noContent: String = """
        "204": {"description": "Done."}
        """

    static func body(_ schema: String, required: Bool = true) -> String {
        """
        "requestBody": {"required": \(required), "content": {"application/json": {"schema": {"$ref": "#/components/schemas/\(schema)"}}}}
        """
    }

    static func pathParameter(_ name: String) -> String {
        """
        "parameters": [{"name": "\(name)", "in": "path", "required": true, "schema": {"type": "string"}}]
        """
    }

    static let pageParameters: String = """
        {"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/cursor"}
        """

    static func queryParameter(_ name: String, _ description: String, _ schema: String = "\"type\": \"string\"")
        -> String
    {
        """
        {"name": "\(name)", "in": "query", "description": "\(description)", "schema": {\(schema)}}
        """
    }

    private static let sharedSchemas: String = """
        "Problem": {"type": "object", "required": ["type", "title", "status", "code", "detail"], "properties": {
          "type": {"const": "about:blank"}, "title": {"type": "string"}, "status": {"type": "integer"},
          "code": {"type": "string", "description": "Stable."}, "detail": {"type": "string", "description": "One sentence."}}},
        "Instant": {"type": "string", "format": "date-time", "description": "UTC with milliseconds."},
        "InstantOrNull": {"type": ["string", "null"], "format": "date-time"},
        "NextCursor": {"type": ["string", "null"], "description": "For the next page; null on the last one."}
        """
}
