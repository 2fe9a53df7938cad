import Foundation
import ProbeTesting
import Testing

/// The documentation is a site of Markdown files: every relative link leads somewhere, and every page is led to.
struct DocumentLinkTests {
    @Test(arguments: Page.all)
    func linksLeadSomewhere(page: Page) throws {
        for link in try page.links() {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let target = parts[0].isEmpty ? page : page.sibling(parts[0])
            #expect(FileManager.default.fileExists(atPath: target.file), "\(page.path) links to \(link)")
            guard parts.count == 2, target.path.hasSuffix(".md") else { continue }
            #expect(try target.anchors().contains(parts[1]), "\(page.path) links to \(link)")
        }
    }

    @Test func aDeadLinkIsSeen() throws {
        let text = "[a](b.md) `[no](link)` [c](https://c.example) [d](e.md#f)\n```\n[no](link)\n```\n# Is `it` well?\n"
        #expect(Page.links(in: text) == ["b.md", "e.md#f"])
        #expect(Page.anchors(in: text) == ["is-it-well"])
    }

    @Test func theIndexKnowsEveryPage() throws {
        let index = Page(path: "docs/README.md")
        let known = Set(try index.links().map { index.sibling($0).path })
        for page in Page.all
        where page.path.hasPrefix("docs/") && !page.path.hasPrefix("docs/tools/") && page != index
            && !page.path.hasPrefix("docs/docc/")
        {
            #expect(known.contains(page.path), "docs/README.md does not lead to \(page.path)")
        }
    }
}

struct Page: Hashable, Sendable, CustomTestStringConvertible {
    let path: String

    var file: String { DeployScript.repository + "/" + path }
    var testDescription: String { path }

    static let all: [Page] = {
        let top = ["README.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md"]
        let names = FileManager.default.enumerator(atPath: DeployScript.repository + "/docs")?.compactMap {
            $0 as? String
        }
        return (top + (names ?? []).filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }.sorted()).map(Page.init)
    }()

    func sibling(_ link: String) -> Page {
        let base = URL(fileURLWithPath: "/" + path).deletingLastPathComponent()
        return Page(path: String(base.appendingPathComponent(link).standardized.path.dropFirst()))
    }

    func links() throws -> [String] { Self.links(in: try String(contentsOfFile: file, encoding: .utf8)) }
    func anchors() throws -> Set<String> { Self.anchors(in: try String(contentsOfFile: file, encoding: .utf8)) }

    /// Those that lead to files of the repository.
    static func links(in text: String) -> [String] {
        prose(text).replacing(#/`[^`]*`/#, with: "").matches(of: #/\]\(([^)\s]+)\)/#).map { String($0.1) }
            .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
    }

    /// What a heading is called in a link, as forges make it: small letters and digits, hyphens for spaces, the rest left out.
    static func anchors(in text: String) -> Set<String> {
        Set(
            prose(text).matches(of: #/(?m)^#+ +(.*?) *$/#).map { heading in
                String(
                    heading.1.lowercased().compactMap { letter in
                        letter == " " ? "-" : letter.isLetter || letter.isNumber || "-_".contains(letter) ? letter : nil
                    })
            })
    }

    /// Without blocks of code.
    private static func prose(_ text: String) -> String { text.replacing(#/(?ms)^```.*?^```$/#, with: "") }
}
