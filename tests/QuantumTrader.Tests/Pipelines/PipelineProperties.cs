using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class PipelineProperties
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(1000);

    private static readonly string[] Snippets =
        ["{", "}", "[", "]", ":", "- ", "\n", "\t", "&a ", "*a ", "!!x ", "'", "\"", "|", ">", "#", "---\n", "...", "? ", "<<: ", "${A}", "${", "$$", "null", "~", "%", "@", "`", "\0", "\ud800", "é", "  ", "from: ", "type: ", "1e999", "-"];

    [Fact]
    public void Garbage_never_throws_and_never_passes_in_silence() =>
        Check.One(Runs, Prop.ForAll<string>(text => IsPlanOrFindings(text ?? "")));

    [Fact]
    public void Snippets_of_yaml_never_throw_and_never_pass_in_silence() =>
        Check.One(Runs, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), picks => IsPlanOrFindings(string.Concat(picks.Select(p => Snippets[p % Snippets.Length])))));

    [Fact]
    public void Mutations_of_a_valid_file_never_throw_and_never_pass_in_silence() =>
        Check.One(Runs, Prop.ForAll(ArbMap.Default.ArbFor<(int At, int Length, byte Snippet)[]>(), edits =>
        {
            var text = Sample.Valid;
            foreach (var (at, length, snippet) in edits)
            {
                var start = (int)((uint)at % (uint)(text.Length + 1));
                var cut = Math.Min((int)((uint)length % 4u), text.Length - start);
                text = text[..start] + Snippets[snippet % Snippets.Length] + text[(start + cut)..];
            }

            return IsPlanOrFindings(text);
        }));

    [Fact]
    public void Interpolation_never_changes_structure() =>
        Check.One(Runs, Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), value =>
        {
            var before = YamlReader.ReadText("a: ${X}\nb: [\"${X}\", '${X}']\nc: { d: 'x${X}y' }\n", "p.yml", new FindingList())!;
            var after = new Interpolation(_ => value.Get, new FindingList()).Apply(before);
            return Shape(before) == Shape(after) && ((MappingNode)after)["a"]!.Value is ScalarNode { Value: var inserted } && inserted == value.Get;
        }));

    [Fact]
    public void Overlays_of_mappings_are_associative() =>
        Check.One(Runs, Prop.ForAll(Tree(3).ToArbitrary(), Tree(3).ToArbitrary(), Tree(3).ToArbitrary(), (a, b, c) =>
        {
            var findings = new FindingList();
            var left = Overlay.Merge(Overlay.Merge(a, b, findings), c, findings);
            var right = Overlay.Merge(a, Overlay.Merge(b, c, findings), findings);
            return Print(left) == Print(right);
        }));

    private static bool IsPlanOrFindings(string text)
    {
        var result = Sample.Load(text);
        return result.Plan is null
            ? result.Findings.Any(f => f.Severity == Severity.Error && f.Line >= 1 && f.Column >= 1)
            : result.Findings.All(f => f.Severity == Severity.Warning);
    }

    /// <summary>Random mappings; a key holds the same kind of value everywhere, since a list and a mapping do not merge.</summary>
    private static Gen<MappingNode> Tree(int depth)
    {
        var scalar = Gen.Choose(0, 99).Select(n => (Key: $"s{n % 3}", Value: (ConfigNode)new ScalarNode(default, $"v{n}", false)));
        var list = Gen.Choose(0, 99).Select(n => (Key: $"l{n % 2}", Value: (ConfigNode)new SequenceNode(default, [new ScalarNode(default, $"v{n}", false)])));
        var entry = depth == 0
            ? Gen.OneOf(scalar, list)
            : Gen.OneOf(scalar, list, Tree(depth - 1).SelectMany(t => Gen.Choose(0, 1).Select(n => (Key: $"m{n}", Value: (ConfigNode)t))));
        return entry.ListOf().Select(entries => new MappingNode(default, [.. entries.DistinctBy(e => e.Key).Select(e => new MappingEntry(e.Key, default, e.Value))]));
    }

    private static string Shape(ConfigNode node) => node switch
    {
        SequenceNode list => $"[{string.Join(',', list.Items.Select(Shape))}]",
        MappingNode map => $"{{{string.Join(',', map.Entries.Select(e => e.Key + Shape(e.Value)))}}}",
        _ => ".",
    };

    private static string Print(ConfigNode node) => node switch
    {
        ScalarNode scalar => scalar.Value,
        SequenceNode list => $"[{string.Join(',', list.Items.Select(Print))}]",
        MappingNode map => $"{{{string.Join(',', map.Entries.Select(e => e.Key + ':' + Print(e.Value)))}}}",
        _ => "",
    };
}
