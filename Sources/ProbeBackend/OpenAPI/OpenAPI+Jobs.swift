extension OpenAPIDocument {
    static let jobPaths: String = """
        "/api/v1/jobs": {
          "get": {"operationId": "listJobs", "tags": ["jobs"], "summary": "Jobs, newest first.",
            "parameters": [\(pageParameters), \(jobFilters),
              \(queryParameter("include", "Results too.", "\"enum\": [\"result\"]"))],
            "responses": {\(answer(200, "A page.", "JobList")), \(problems(400, 401, 403, 422, 429, 503))}},
          "post": {"operationId": "createJobs", "tags": ["jobs"], "summary": "One job, or a list that is stored all or not at all.",
            "parameters": [\(queryParameter("wait", "Seconds to hold the answer until all are finished.", "\"type\": \"number\", \"minimum\": 0, \"maximum\": 300"))],
            \(body("JobOrders")),
            "responses": {\(answer(200, "All are finished.", "PostedJobs")), \(answer(202, "Stored.", "PostedJobs")),
              \(problems(400, 401, 403, 409, 413, 422, 429, 503))}}},
        "/api/v1/jobs/{request_id}": {\(pathParameter("request_id")),
          "get": {"operationId": "getJob", "tags": ["jobs"], "summary": "One job.",
            "responses": {\(answer(200, "The job.", "Job")), \(problems(400, 401, 403, 404, 429, 503))}},
          "delete": {"operationId": "cancelJob", "tags": ["jobs"], "summary": "Cancels a job.",
            "responses": {\(answer(200, "The job, cancelled.", "Job")), \(problems(400, 401, 403, 404, 409, 429, 503))}}}
        """

    static let jobFilters: String = [
        queryParameter("state", "Only those.", "\"$ref\": \"#/components/schemas/JobState\""),
        queryParameter("tool", "Of this tool."), queryParameter("node", "Of this node, by its UUID."),
        queryParameter("target", "A part of the target."),
        queryParameter(
            "success", "Finished: whether the node measured and the target did well.", "\"type\": \"boolean\""),
        queryParameter("measurement", "Of this measurement."), queryParameter("schedule", "Of this schedule."),
        queryParameter("check", "Results of the nodes' own checks of this id."),
        queryParameter("since", "Created then or later.", "\"type\": \"string\", \"format\": \"date-time\""),
        queryParameter("until", "Created before.", "\"type\": \"string\", \"format\": \"date-time\""),
    ].joined(separator: ", ")

    private static let names: String = """
        {"type": ["array", "null"], "maxItems": 1000, "items": {"type": "string", "minLength": 1, "maxLength": 255}}
        """

    static let jobSchemas: String = """
        "JobOrder": {"type": "object", "required": ["tool", "target"], "properties": {
          "node": {"type": ["string", "null"], "minLength": 1, "maxLength": 36, "pattern": "^[0-9a-f-]{36}$|^any$", "default": "any", "description": "A node's UUID, or any."},
          "select": {"$ref": "#/components/schemas/Selector"},
          "tool": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
          "target": {"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[^\\\\u0000]*$", "description": "1 to 4096 bytes."},
          "parameters": {"type": ["object", "null"], "description": "Of the tool; at most 256 KiB."},
          "timeout": {"type": ["number", "null"], "minimum": 0.1, "maximum": 600, "description": "Seconds; without it the node chooses."},
          "priority": {"type": ["integer", "null"], "minimum": -1000, "maximum": 1000, "default": 1},
          "progress": {"type": ["boolean", "null"], "default": false, "description": "Partial results are wanted."},
          "expires_in": {"type": ["number", "null"], "minimum": 1, "maximum": 604800, "default": 3600, "description": "Seconds."},
          "request_id": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
          "wait": {"type": ["number", "null"], "minimum": 0, "maximum": 300, "description": "Seconds to hold the answer."}}},
        "JobOrders": {"oneOf": [{"$ref": "#/components/schemas/JobOrder"},
          {"type": "array", "minItems": 1, "maxItems": 10000, "items": {"$ref": "#/components/schemas/JobOrder"}}]},
        "JobBrief": {"type": "object",
          "required": ["request_id", "node_uuid", "node_name", "tool", "target", "priority", "timeout", "state", "created_at",
            "sent_at", "finished_at", "expires_at", "sends", "success", "execution_time", "error_code", "measurement_id",
            "schedule_id", "check", "select", "parameters"],
          "properties": {"request_id": {"type": "string"}, "node_uuid": {"type": ["string", "null"]},
            "tool": {"type": "string"}, "target": {"type": "string"}, "priority": {"type": "integer"},
            "timeout": {"type": ["number", "null"]}, "state": {"$ref": "#/components/schemas/JobState"},
            "created_at": {"$ref": "#/components/schemas/Instant"}, "sent_at": {"$ref": "#/components/schemas/InstantOrNull"},
            "finished_at": {"$ref": "#/components/schemas/InstantOrNull"}, "expires_at": {"$ref": "#/components/schemas/Instant"},
            "sends": {"type": "integer", "description": "How often it was sent."}, "success": {"type": ["boolean", "null"]},
            "execution_time": {"type": ["number", "null"], "description": "Seconds, as the node says."},
            "error_code": {"type": ["string", "null"], "description": "Why it failed, or why the backend ended it."}, "node_name": {"type": ["string", "null"]},
            "measurement_id": {"type": ["string", "null"]}, "schedule_id": {"type": ["string", "null"]},
            "check": {"type": ["string", "null"], "description": "The id of the node's own check that this is a result of; nobody posted it."},
            "select": {"$ref": "#/components/schemas/Selector"},
            "parameters": {"type": "object"}}},
        "Job": {"allOf": [{"$ref": "#/components/schemas/JobBrief"}, {"required": ["result", "progress"], "properties": {
          "result": {"type": ["object", "null"], "description": "As the node sent it."},
          "progress": {"type": ["object", "null"], "description": "The newest partial result.",
            "properties": {"seq": {"type": "integer"}, "partial": {"type": "object"}}}}}]},
        "JobState": {"enum": ["queued", "sent", "done", "failed", "expired", "cancelled"]},
        "JobList": {"type": "object", "required": ["jobs", "next_cursor"], "properties": {
          "jobs": {"type": "array", "description": "Without result and progress, unless asked for.", "items": {"$ref": "#/components/schemas/JobBrief"}},
          "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
        "Selector": {"type": ["object", "null"], "description": "Every list that is not empty must be met; of tags all.",
          "properties": {"nodes": \(names), "regions": \(names), "zones": \(names), "tags": \(names)}},
        "PostedJobs": {"oneOf": [{"$ref": "#/components/schemas/Job"},
          {"type": "object", "required": ["jobs"], "properties": {
            "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}}}]}
        """
}
