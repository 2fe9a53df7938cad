private import CYaml

/// Finds aliases by the events of libyaml, which is what Yams composes from: what is an alias in a text and what only looks
/// like one (in quotes, comments, blocks of text) is for nobody else to say.
enum YAMLAlias {
    /// The line of the first one before anything that is not YAML.
    static func firstLine(_ text: String) -> Int? {
        // It keeps its own address: it must stay where it is.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { return nil }
        defer { yaml_parser_delete(parser) }
        var text = text
        return text.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return nil }
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, start, bytes.count)
            while true {
                var event = yaml_event_t()
                guard yaml_parser_parse(parser, &event) == 1 else { return nil }
                defer { yaml_event_delete(&event) }
                if event.type == YAML_ALIAS_EVENT { return Int(event.start_mark.line) + 1 }
                if event.type == YAML_STREAM_END_EVENT { return nil }
            }
        }
    }
}
