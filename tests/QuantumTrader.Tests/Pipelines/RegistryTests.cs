using System.Reflection;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class RegistryTests
{
    private const string Comments = """
        <doc><members>
          <member name="P:QuantumTrader.Tests.Pipelines.TestModelOptions.Window"><summary>
            Ticks that are
            looked at; see <see cref="P:X.Y.Rate"/> and <c>test.source</c>.
          </summary></member>
          <member name="T:QuantumTrader.Tests.Pipelines.TestModel"><example>
              model: { type: test.model, from: feed }
          </example></member>
        </members></doc>
        """;

    [Fact]
    public void A_block_type_is_read_without_making_a_block()
    {
        var join = Sample.Registry.Blocks["test.join"];

        join.Shape.ShouldBe(BlockShape.Operator);
        join.Inputs.ShouldBe([new Port("from", typeof(Score)), new Port("market", typeof(Tick))]);
        join.Output.ShouldBe(typeof(Score));
        Sample.Registry.Blocks["test.source"].Inputs.ShouldBeEmpty();
        Sample.Registry.Blocks["test.log"].Io.ShouldBeTrue();
        Sample.Registry.Blocks["test.normalize"].IsRoot.ShouldBeTrue();
        Sample.Registry.Blocks["test.model"].Partitioned.ShouldBeTrue();
        Sample.Registry.Formats["tick"].Class.ShouldBe(typeof(TickFormat));
    }

    [Theory]
    [InlineData("WhenFull", "when_full")]
    [InlineData("Sma20", "sma20")]
    [InlineData("Ema9Fast", "ema9_fast")]
    [InlineData("HTTPPort", "http_port")]
    [InlineData("PlanB", "plan_b")]
    [InlineData("Rate", "rate")]
    public void Names_of_code_become_names_of_yaml(string code, string yaml) => SnakeCase.From(code).ShouldBe(yaml);

    [Fact]
    public void Doc_comments_of_options_are_plain_text()
    {
        var registry = BlockRegistry.Scan([typeof(Sample).Assembly], _ => DocComments.Parse(Comments));
        registry.Blocks["test.model"].Options!["window"]!.Description.ShouldBe("Ticks that are looked at; see Rate and `test.source`.");
        registry.Blocks["test.model"].Example.ShouldBe("model: { type: test.model, from: feed }");
    }

    [Fact]
    public void The_doc_comments_beside_an_assembly_are_found() =>
        DocComments.Beside(typeof(CommonOptions).Assembly).Summary(typeof(CommonOptions).GetProperty("OnError")!).ShouldBe("What happens when the block throws at an event.");

    [Fact]
    public void Mistakes_in_block_classes_are_all_reported_to_their_programmer()
    {
        var problems = Scan(typeof(ClashingBlock), typeof(NamelessSide), typeof(NoBlock), typeof(OddOptionsBlock));

        problems.ShouldBe([
            "ClashingBlock: the option 'parallelism' has the name of a key that every block or this one's port has",
            "NamelessSide: a block with two inputs needs [SidePort(\"name\")]",
            "NoBlock: a block derives from Source, Operator, Filter, Observer or PropagatorBlock",
            "OddOptionsBlock: OddOptions.Since: options cannot be of type DateTime"]);
    }

    [Fact]
    public void Every_finding_code_is_used_once_and_says_what_to_do()
    {
        FindingCodes.All.Select(c => c.Id).ShouldBeUnique();
        FindingCodes.All.ShouldAllBe(c => c.Meaning.EndsWith('.') && c.Remedy.EndsWith('.'));
        FindingCodes.All.Count.ShouldBe(typeof(FindingCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Count(f => f.FieldType == typeof(FindingCode)));
    }

    internal static List<string> Scan(params Type[] types)
    {
        var problems = new List<string>();
        var comments = DocComments.Parse("<doc/>");
        var scanner = new RegistryScanner(new OptionsModelReader(_ => comments), _ => comments, problems);
        foreach (var type in types)
        {
            scanner.ReadBlock(type, new BlockAttribute("wrong", "Wrong."));
        }

        return problems;
    }

    // These carry no [Block]: the scan of this assembly must not find them.
    public sealed record ClashingOptions
    {
        public int Parallelism { get; init; }
    }

    public sealed class ClashingBlock(ClashingOptions options) : Filter<Tick>
    {
        public ClashingOptions Options { get; } = options;

        public override void Process(EditableRun<Tick> run) { }
    }

    public sealed class NamelessSide : Operator<Tick, Tick, Tick>
    {
        public override void Process(Run<Tick> run, Output<Tick> output) { }

        public override void ProcessSide(Run<Tick> run, Output<Tick> output) { }
    }

    public sealed class NoBlock;

    public sealed record OddOptions
    {
        public DateTime Since { get; init; }
    }

    public sealed class OddOptionsBlock(OddOptions options) : Filter<Tick>
    {
        public OddOptions Options { get; } = options;

        public override void Process(EditableRun<Tick> run) { }
    }
}
