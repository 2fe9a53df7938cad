import Testing

@testable import ProbeNative

/// The layouts of registries, with made-up contents.
@Suite struct WhoisReplyTests {
    private func read(_ text: String, _ target: String = "example.test") throws -> WhoisReply {
        WhoisReply(text, about: try WhoisTarget(target))
    }

    /// Nominet: keys above indented values.
    @Test func keysAboveTheirValues() throws {
        let reply = try read(
            """

                Domain name:
                    example.test

                Registrar:
                    Example Ltd t/a Example [Tag = EX]
                    URL: https://www.registrar.example

                Relevant dates:
                    Registered on: 26-Nov-1996
                    Expiry date:  26-Nov-2031
                    Last updated:  01-Feb-2026

                Registration status:
                    Registered until expiry date.

                Name servers:
                    ns1.example.test  2001:db8::53
                    ns2.example.test  192.0.2.53

                WHOIS lookup made at 10:00:00 24-Nov-2026
            """)
        #expect(reply.subject == "example.test" && reply.referral == nil)
        #expect(reply.record.registrar == "Example Ltd t/a Example [Tag = EX]")
        #expect(reply.record.created == "1996-11-26" && reply.record.expires == "2031-11-26")
        #expect(reply.record.updated == "2026-02-01")
        #expect(reply.record.status == ["Registered until expiry date."])
        #expect(reply.record.nameservers == ["ns1.example.test", "ns2.example.test"])
    }

    /// JPRS: keys in brackets.
    @Test func keysInBrackets() throws {
        let reply = try read(
            """
            [ JPRS database provides information on network administration. ]

            Domain Information:
            a. [Domain Name]                EXAMPLE.TEST
            p. [Name Server]                ns1.example.test
            p. [Name Server]                ns2.example.test
            [State]                         Connected (2031/03/31)
            [Created on]                    2001/08/22
            [Last Updated]                  2026/04/01 01:05:22 (JST)
            """)
        #expect(reply.subject == "example.test")
        #expect(reply.record.created == "2001-08-22" && reply.record.updated == "2026-03-31T16:05:22Z")
        #expect(reply.record.nameservers == ["ns1.example.test", "ns2.example.test"])
        #expect(reply.record.status == ["Connected (2031/03/31)"])
    }

    /// Finland's dots, the Netherlands' blocks, Russia's lists.
    @Test func otherLayouts() throws {
        let dots = try read(
            """
            domain.............: example.test
            status.............: Registered
            created............: 1.9.2004 00:00:00
            expires............: 31.8.2031 00:00:00
            nserver............: ns1.example.test [OK]
            registrar..........: Example Oy
            """)
        #expect(dots.record.registrar == "Example Oy" && dots.record.created == "2004-09-01T00:00:00Z")
        #expect(dots.record.nameservers == ["ns1.example.test"] && dots.record.status == ["Registered"])
        let blocks = try read(
            """
            Domain name: example.test
            Status:      active
            Registrar:
               Example BV
               Street 1
            Abuse Contact:
               +31.201234567
               abuse@registrar.example
            Creation Date: 1999-05-27
            Domain nameservers:
               ns1.example.test   192.0.2.1
               ns2.example.test
            """)
        #expect(blocks.record.registrar == "Example BV" && blocks.record.abuseContact == "abuse@registrar.example")
        #expect(blocks.record.nameservers == ["ns1.example.test", "ns2.example.test"])
        let lists = try read(
            "domain: EXAMPLE.TEST\nnserver: ns1.example.test.\nstate: REGISTERED, DELEGATED, VERIFIED\npaid-till: 2031-09-23T09:45:07Z\n"
        )
        #expect(lists.record.status == ["REGISTERED", "DELEGATED", "VERIFIED"])
        #expect(lists.record.expires == "2031-09-23T09:45:07Z" && lists.record.nameservers == ["ns1.example.test"])
    }

    /// Networks come with organisations, persons and routes behind them: the first object counts.
    @Test func theFirstObjectOfSeveral() throws {
        let reply = try read(
            """
            NetRange:       192.0.2.0 - 192.0.2.255
            RegDate:        2010-01-02
            Updated:        2020-03-04
            ReferralServer:  whois://whois.example.net:4343

            OrgName:        Example
            RegDate:        1990-01-01
            Updated:        2025-01-01
            OrgAbuseEmail:  abuse@example.net
            OrgTechEmail:  tech@example.net
            """, "192.0.2.1")
        #expect(reply.record.created == "2010-01-02" && reply.record.updated == "2020-03-04")
        #expect(reply.record.abuseContact == "abuse@example.net")
        #expect(reply.referral?.description == "whois.example.net:4343")
    }

    @Test func theRegistryOfATopLevelDomainIsNoReferralForItself() throws {
        let text = "domain: TEST\nwhois: whois.nic.test\nstatus: ACTIVE\n"
        #expect(try read(text, "test").referral == nil)
        #expect(try read(text, "example.test").referral?.description == "whois.nic.test")
    }

    @Test(arguments: [
        "No match for \"EXAMPLE.TEST\".", "NOT FOUND", "%% No entries found.", "Domain not found.",
        "Domain: example.test\nStatus: free", "No Data Found", "The queried object does not exist",
    ])
    func noSuchName(_ text: String) throws {
        #expect(try read(text).isNothing)
    }

    @Test func aRecordIsNotNothingWhateverItsTerms() throws {
        #expect(
            !(try read("Domain Name: example.test\nRegistrar: X\nterms: data not found here is available").isNothing))
        #expect(!(try read("Query rate limit exceeded.").isNothing))
    }

    @Test func listsAndValuesAreBounded() throws {
        let servers = (0..<1000).map { "Name Server: ns\($0).example.test\n" }.joined()
        let status = (0..<1000).map { "Status: s\($0)\n" }.joined()
        let reply = try read(servers + status + "Registrar: " + String(repeating: "x", count: 10_000))
        #expect(reply.record.nameservers.count == 64 && reply.record.status.count == 32)
        #expect(reply.record.registrar?.count == 256)
        #expect(try read("Name Server: not a name!\nName Server: 192.0.2.1\nName Server: .\n").record.isEmpty)
    }
}
