extension OpenAPIDocument {
    static let measurementPaths: String = """
        "/api/v1/measurements": {
          "get": {"operationId": "listMeasurements", "tags": ["measurements"], "summary": "Measurements, newest first.",
            "parameters": [\(pageParameters), \(queryParameter("schedule", "Of this schedule."))],
            "responses": {\(answer(200, "A page.", "MeasurementList")), \(problems(400, 401, 403, 422, 429, 503))}},
          "post": {"operationId": "createMeasurement", "tags": ["measurements"], "summary": "One order for several nodes.",
            \(body("MeasurementOrder")),
            "responses": {\(answer(200, "All its jobs are finished.", "Measurement")), \(answer(202, "Stored.", "Measurement")),
              \(problems(400, 401, 403, 413, 422, 429, 503))}}},
        "/api/v1/measurements/{measurement_id}": {\(pathParameter("measurement_id")),
          "get": {"operationId": "getMeasurement", "tags": ["measurements"], "summary": "A measurement with its jobs.",
            "responses": {\(answer(200, "The measurement.", "Measurement")), \(problems(400, 401, 403, 404, 429, 503))}},
          "delete": {"operationId": "cancelMeasurement", "tags": ["measurements"], "summary": "Cancels what is open of it.",
            "responses": {\(answer(200, "The measurement as it is then.", "Measurement")),
              \(problems(400, 401, 403, 404, 429, 503))}}},
        "/api/v1/results": {
          "get": {"operationId": "exportResults", "tags": ["measurements"], "summary": "Finished jobs with their results, oldest first, as a stream.",
            "parameters": [\(queryParameter("format", "ndjson without it.", "\"enum\": [\"ndjson\", \"csv\"]")),
              \(queryParameter("limit", "At most so many; all without it.", "\"type\": \"integer\", \"minimum\": 1")), \(jobFilters)],
            "responses": {"200": {"description": "The results.",
                "content": {"application/x-ndjson": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}}},
              \(problems(400, 401, 403, 422, 429, 503))}}},
        "/api/v1/events": {
          "get": {"operationId": "watch", "tags": ["measurements"], "summary": "Live events; the answer does not end.",
            "parameters": [\(queryParameter("topics", "Some of nodes, jobs and progress, with commas; all without it.")),
              \(queryParameter("measurement", "Only its jobs.")), \(queryParameter("job", "Only this job."))],
            "responses": {"200": {"description": "Server-Sent Events: node, job, progress, reset.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}}},
              \(problems(400, 401, 403, 404, 422, 429, 503))}}}
        """

    static let measurementSchemas: String = """
        "MeasurementOrder": {"type": "object", "required": ["tool", "target"], "properties": {
          "tool": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
          "target": {"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[^\\\\u0000]*$", "description": "1 to 4096 bytes."},
          "parameters": {"type": ["object", "null"]}, "timeout": {"type": ["number", "null"], "minimum": 0.1, "maximum": 600},
          "priority": {"type": ["integer", "null"], "minimum": -1000, "maximum": 1000},
          "progress": {"type": ["boolean", "null"]},
          "expires_in": {"type": ["number", "null"], "minimum": 1, "maximum": 604800},
          "select": {"$ref": "#/components/schemas/Selector"},
          "count": {"description": "Distinct nodes. Without it as many as select names, or one.",
            "oneOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"enum": ["all", null]}]},
          "wait": {"type": ["number", "null"], "minimum": 0, "maximum": 300}}},
        "Measurement": {"type": "object",
          "required": ["measurement_id", "tool", "target", "state", "counts", "count", "created_at", "expires_at"],
          "properties": {"measurement_id": {"type": "string"}, "schedule_id": {"type": ["string", "null"]},
            "tool": {"type": "string"}, "target": {"type": "string"}, "state": {"enum": ["running", "finished"]},
            "counts": {"type": "object", "description": "Jobs by state.", "additionalProperties": {"type": "integer"}},
            "count": {"type": ["integer", "string"]}, "select": {"$ref": "#/components/schemas/Selector"},
            "created_at": {"$ref": "#/components/schemas/Instant"}, "expires_at": {"$ref": "#/components/schemas/Instant"},
            "summary": {"$ref": "#/components/schemas/Summary"},
            "jobs": {"type": "array", "description": "Not in lists.", "items": {"$ref": "#/components/schemas/Job"}}}},
        "Summary": {"type": "object", "description": "What the jobs say together; not in lists.",
          "required": ["nodes", "succeeded", "failed", "by_error_code", "metrics"], "properties": {
            "nodes": {"type": "integer"}, "succeeded": {"type": "integer"}, "failed": {"type": "integer"},
            "by_error_code": {"type": "object", "additionalProperties": {"type": "integer"}},
            "execution_time": {"description": "Seconds.", "oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Spread"}]},
            "metrics": {"type": "object", "description": "By tool.metric.", "additionalProperties": {"$ref": "#/components/schemas/Spread"}},
            "answers": {"type": ["array", "null"], "description": "Of dns: who got the same records.", "items": {"type": "object",
              "required": ["records", "nodes"], "properties": {"records": {"type": "array", "items": {"type": "string"}},
                "nodes": {"type": "array", "items": {"type": "string"}}}}}}},
        "Spread": {"type": "object", "required": ["min", "median", "max"], "properties": {"min": {"type": "number"},
          "median": {"type": "number"}, "max": {"type": "number"},
          "by_node": {"type": "object", "additionalProperties": {"type": "number"}}}},
        "MeasurementList": {"type": "object", "required": ["measurements", "next_cursor"], "properties": {
          "measurements": {"type": "array", "items": {"$ref": "#/components/schemas/Measurement"}},
          "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}}
        """
}
