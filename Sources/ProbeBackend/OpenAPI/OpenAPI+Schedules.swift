extension OpenAPIDocument {
    static let schedulePaths: String = """
        "/api/v1/schedules": {
          "get": {"operationId": "listSchedules", "tags": ["schedules"], "summary": "Schedules by name.",
            "parameters": [\(pageParameters)],
            "responses": {\(answer(200, "A page.", "ScheduleList")), \(problems(400, 401, 403, 422, 429, 503))}},
          "post": {"operationId": "createSchedule", "tags": ["schedules"], "summary": "Measure again and again.",
            \(body("ScheduleOrder")),
            "responses": {\(answer(201, "The schedule.", "Schedule")), \(problems(400, 401, 403, 413, 422, 429, 503))}}},
        "/api/v1/schedules/{schedule_id}": {\(pathParameter("schedule_id")),
          "get": {"operationId": "getSchedule", "tags": ["schedules"], "summary": "One schedule.",
            "responses": {\(answer(200, "The schedule.", "Schedule")), \(problems(400, 401, 403, 404, 429, 503))}},
          "patch": {"operationId": "changeSchedule", "tags": ["schedules"], "summary": "Other members; those left out stay.",
            \(body("ScheduleChange")),
            "responses": {\(answer(200, "The schedule as it is then.", "Schedule")),
              \(problems(400, 401, 403, 404, 413, 422, 429, 503))}},
          "delete": {"operationId": "deleteSchedule", "tags": ["schedules"], "summary": "It runs no more; what it measured stays.",
            "responses": {\(noContent), \(problems(400, 401, 403, 404, 429, 503))}}}
        """

    private static let scheduleMembers: String = """
        "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 255, "pattern": "^[^\\\\u0000]*$"},
          "tool": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
          "targets": {"type": "array", "minItems": 1, "maxItems": 100,
            "items": {"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[^\\\\u0000]*$"}},
          "parameters": {"type": ["object", "null"]}, "timeout": {"type": ["number", "null"], "minimum": 0.1, "maximum": 600},
          "priority": {"type": ["integer", "null"], "minimum": -1000, "maximum": 1000},
          "every": {"type": ["number", "null"], "minimum": 1, "maximum": 31622400, "description": "Seconds; or cron."},
          "cron": {"type": ["string", "null"], "description": "Five fields, UTC; or every."},
          "select": {"$ref": "#/components/schemas/Selector"},
          "count": {"oneOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"enum": ["all", null]}]},
          "enabled": {"type": ["boolean", "null"]}
        """

    static let scheduleSchemas: String = """
        "ScheduleOrder": {"type": "object", "required": ["tool", "targets"], "properties": {\(scheduleMembers)}},
        "ScheduleChange": {"type": "object", "properties": {\(scheduleMembers)}},
        "Schedule": {"type": "object",
          "required": ["schedule_id", "name", "tool", "targets", "enabled", "created_at", "next_run_at", "last_run_at", "last_measurement_ids"],
          "properties": {"schedule_id": {"type": "string"}, "name": {"type": "string"}, "tool": {"type": "string"},
            "targets": {"type": "array", "items": {"type": "string"}}, "enabled": {"type": "boolean"},
            "parameters": {"type": "object"}, "timeout": {"type": ["number", "null"]}, "priority": {"type": "integer"},
            "every": {"type": ["number", "null"]}, "cron": {"type": ["string", "null"]},
            "select": {"$ref": "#/components/schemas/Selector"}, "count": {"type": ["integer", "string"]},
            "created_at": {"$ref": "#/components/schemas/Instant"}, "next_run_at": {"$ref": "#/components/schemas/InstantOrNull"},
            "last_run_at": {"$ref": "#/components/schemas/InstantOrNull"},
            "last_measurement_ids": {"type": "array", "items": {"type": "string"}}}},
        "ScheduleList": {"type": "object", "required": ["schedules", "next_cursor"], "properties": {
          "schedules": {"type": "array", "items": {"$ref": "#/components/schemas/Schedule"}},
          "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}}
        """
}
