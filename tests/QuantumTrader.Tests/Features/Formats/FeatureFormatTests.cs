using QuantumTrader.Features;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Pipelines;

namespace QuantumTrader.Tests.Features;

public sealed class FeatureFormatTests : FormatContract<FeatureVector>
{
    private static readonly FeatureSchema[] Schemas = [Basic.Schema, new("a"), new(Enumerable.Range(0, 65).Select(i => $"f{i}"))];

    protected override EventFormat<FeatureVector> Format { get; } = new FeatureFormat(Market);

    protected override FeatureVector Make(Dice dice)
    {
        var schema = Schemas[dice.Below(Schemas.Length)];
        var values = schema.Names.Select(_ => dice.Real()).ToArray();
        return new FeatureVector(dice.Whole(), dice.Time(), dice.Symbol(), schema, values, [.. Enumerable.Range(0, (values.Length + 63) / 64).Select(_ => dice.Word())]);
    }

    protected override void ShouldBeSame(FeatureVector read, FeatureVector written)
    {
        (read.Sequence, read.EventTime, read.Symbol).ShouldBe((written.Sequence, written.EventTime, written.Symbol));
        read.Schema.ShouldBeSameAs(written.Schema, "the format knows it from writing it");
        read.Values.ToArray().ShouldBe(written.Values.ToArray());
        read.Warm.ToArray().ShouldBe(written.Warm.ToArray());
    }

    [Fact]
    public void Every_shipped_vector_has_a_channel_of_the_bus() =>
        FeatureCatalogue.Shipped.Entries.Select(e => e.Schema.Channel).Distinct().ShouldBe(Format.Channels, ignoreOrder: true);

    [Fact]
    public void A_vector_of_names_that_nobody_wrote_here_keeps_their_hash()
    {
        var written = new FeatureVector(1, 2, 1, Schemas[1], [0.5], [1]);
        var texts = TextFieldWriter.Print(Format, written);
        var elsewhere = new FeatureFormat(Market);

        var read = elsewhere.Read(new TextFieldReader(texts));

        read.Schema.Hash.ShouldBe(written.Schema.Hash);
        read.Schema.Names[0].ShouldBe("feature_1");
        elsewhere.Read(new TextFieldReader(texts)).Schema.ShouldBeSameAs(read.Schema);
    }

    [Fact]
    public void The_names_of_shipped_blocks_are_known_from_their_hash()
    {
        var texts = TextFieldWriter.Print(Format, new FeatureVector(1, 2, 1, Basic.Schema, new double[Basic.Schema.Names.Count], [1]));
        new FeatureFormat(Market).Read(new TextFieldReader(texts)).Schema.ShouldBeSameAs(Basic.Schema);
    }

    [Fact]
    public void Values_that_do_not_fit_their_names_or_bits_are_refused()
    {
        var texts = TextFieldWriter.Print(Format, Make(new Dice(1))).ToDictionary();
        Refusal(texts, "values", "[1, 2]").ShouldContain("found 2 values, but the names with the hash");
        Refusal(texts, "warm", "[0x1, 0x1, 0x1]").ShouldContain("found 3 words of bits");
    }

    [Fact]
    public void Vectors_of_two_groups_for_one_event_are_two_events()
    {
        var vector = new FeatureVector(5, 7, 1, Schemas[0], [], []);
        Format.AddressOf(vector).Number.ShouldNotBe(Format.AddressOf(vector with { Schema = Schemas[1] }).Number);
    }

    private string Refusal(Dictionary<string, string> texts, string field, string text) =>
        Should.Throw<FieldException>(() => Format.Read(new TextFieldReader(new Dictionary<string, string>(texts) { [field] = text }))).Message;
}
