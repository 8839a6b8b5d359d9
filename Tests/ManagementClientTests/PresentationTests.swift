import JSON
import Testing

@testable import ManagementClient

@Suite("Records as CSV and as a chart")
struct PresentationTests {
    private func result(_ points: [(Int64, Double)]) -> JSONValue {
        .object([
            .init("uuid", "x"),
            .init(
                "records",
                .array(points.map { .object([.init("time", .integer($0.0)), .init("value", .double($0.1))]) })),
        ])
    }

    @Test("The list in a result becomes lines with a heading; fields are quoted where they must be")
    func csv() {
        #expect(Presentation.csv.render(result([(1, 0.5), (2, -1)])) == "time,value\n1,0.5\n2,-1.0\n")
        #expect(
            Presentation.csv.render([["a": "x,y", "b": "say \"so\""], ["a": "1"]]) == "a,b\n\"x,y\",\"say \"\"so\"\"\"\n1,\n"
        )
        #expect(Presentation.csv.render(result([])) == "")
        #expect(Presentation.csv.render("text") == nil)
    }

    @Test("A chart has values at the left, times below, the least at the bottom and the greatest at the top")
    func chart() throws {
        let points = (0..<200).map { (Int64(1_704_067_200 + $0 * 60), Double($0)) }
        let text = try #require(Presentation.plot(width: 60).render(result(points)))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.count <= 60 })
        #expect(lines.first?.hasPrefix("   199 ┤") == true)
        #expect(lines.first?.last.map { ("\u{2801}"..."\u{28FF}").contains($0) } == true)
        #expect(lines.contains { $0.hasPrefix("     0 ┤⣀") || $0.hasPrefix("     0 ┤⡠") || $0.hasPrefix("     0 ┤⢀") })
        #expect(lines.last?.contains("2024-01-01 00:00") == true)
        #expect(lines.last?.hasSuffix("2024-01-01 03:19") == true)
    }

    @Test("One record, equal values, no records and no numbers make a chart, other results none")
    func edges() {
        for points in [[(0, 1.0)], [(0, 5), (10, 5)], [(0, 1e300), (1, -1e308), (2, 1.5e308)], [(4_294_967_295, 0)]]
            as [[(Int64, Double)]]
        {
            #expect(Presentation.plot(width: 40).render(result(points))?.isEmpty == false)
        }
        #expect(Presentation.plot(width: 80).render(result([])) == "(no records to plot)\n")
        let nan: JSONValue = ["records": [["time": 1, "value": "nan"], ["time": 2, "value": 3]]]
        #expect(Presentation.plot(width: 80).render(nan)?.contains("1 records without a finite value") == true)
        #expect(Presentation.plot(width: 80).render(["stored": 1]) == nil)
    }

    @Test("--csv and --plot behind timestore.get say how to show it, and are no arguments")
    func words() throws {
        let command = try CommandWords(["timestore.get", "u", "-1h", "now", "--plot"], width: 100)
        #expect(command.presentation == .plot(width: 100))
        #expect(command.parameters == ["u", "-1h", "now"])
        #expect(try CommandWords(["timestore.get", "--csv", "u", "0", "1"]).presentation == .csv)
        #expect(try CommandWords(["core.echo", "--csv"]).parameters == ["--csv"])
        #expect(try CommandWords(["core.echo", "--csv"]).presentation == nil)
    }
}
