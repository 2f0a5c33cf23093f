using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class JoinTests
{
    private static readonly FeatureSchema Basic = FeatureCatalogue.Shipped.FindSchema("basic")!;

    private static Join Block(LateSide late = LateSide.Stale, long age = 0, int most = 1024) => new(new JoinOptions { Order = ["model65", "basic"], Late = late, MaxAgeMs = age, MaxWaiting = most });

    private static FeatureVector Vector(FeatureSchema schema, long sequence, long milliseconds, double value, int symbol = 1)
    {
        var warm = new ulong[schema.WarmWords];
        Array.Fill(warm, ulong.MaxValue);
        return new(sequence, milliseconds * 1_000_000, symbol, schema, [.. Enumerable.Repeat(value, schema.Names.Count)], warm);
    }

    private static FeatureVector Lead(long sequence, long time, int symbol = 1) => Vector(Model65Block.Schema, sequence, time, 1, symbol);

    private static FeatureVector Side(long sequence, long time, double value = 2, int symbol = 1) => Vector(Basic, sequence, time, value, symbol);

    // The side's first value of each joined vector; null where it is not warm.
    private static (long, double?)[] Sides(IEnumerable<FeatureVector> vectors) => [.. vectors.Select(v => (v.EventTime / 1_000_000, v.IsWarm(65) ? v.Values[65] : (double?)null))];

    [Fact]
    public void The_joined_vector_has_the_names_of_the_sides_in_the_order_of_the_file()
    {
        var joined = Block().Drive([Lead(1, 10), Side(1, 10)]).ShouldHaveSingleItem();
        joined.Schema.Names.ShouldBe([.. Model65Block.Schema.Names, .. Basic.Names]);
        joined.Schema.Hash.ShouldBe(new FeatureSchema([.. Model65Block.Schema.Names, .. Basic.Names]).Hash);
        joined.AllWarm.ShouldBeTrue();
        (joined.Values[64], joined.Values[65], joined.Sequence).ShouldBe((1, 2, 1));
    }

    [Fact]
    public void The_order_of_arrival_of_one_cause_does_not_matter() =>
        Sides(Block().Drive([Side(1, 10), Lead(1, 10), Lead(2, 20), Side(2, 20, 3)])).ShouldBe([(10, 2.0), (20, 3.0)]);

    [Fact]
    public void A_side_that_does_not_come_is_stale_with_its_neutral_values() =>
        Sides(Block().Drive([Lead(1, 10), Side(1, 10), Lead(2, 20), Lead(3, 30), Side(3, 30)])).ShouldBe([(10, 2.0), (20, null), (30, 2.0)]);

    [Fact]
    public void What_is_not_warm_has_its_neutral_value()
    {
        var stale = Block().Drive([Lead(1, 10), Side(1, 10), Lead(2, 20)])[1];
        stale.Values[65..].ToArray().ShouldBe(Basic.Neutrals.ToArray());
    }

    [Fact]
    public void A_side_that_is_young_enough_counts() =>
        Sides(Block(age: 10).Drive([Side(1, 10), Lead(1, 10), Lead(2, 20), Lead(3, 30)])).ShouldBe([(10, 2.0), (20, 2.0), (30, null)]);

    [Fact]
    public void Waiting_takes_the_newest_side_up_to_the_time_once_a_later_one_is_there() =>
        Sides(Block(LateSide.Wait, age: 100).Drive([Lead(1, 10), Lead(2, 20), Side(3, 15, 7), Side(4, 40, 8)], complete: false)).ShouldBe([(10, null), (20, 7.0)]);

    [Fact]
    public void What_waits_is_bounded_and_sent_at_the_end()
    {
        Block(LateSide.Wait, most: 3).Drive([.. Enumerable.Range(1, 10).Select(i => Lead(i, i))], complete: false).Length.ShouldBe(7);
        Block(LateSide.Wait).Drive([Lead(1, 10), Lead(1, 10, 2)]).Length.ShouldBe(2);
    }

    [Fact]
    public void Runs_may_be_cut_anywhere()
    {
        FeatureVector[] input = [.. Enumerable.Range(1, 300).SelectMany(i => i % 3 == 0 ? [Lead(i, i, 1 + (i % 2))] : new[] { Side(i, i, i, 1 + (i % 2)), Lead(i, i, 1 + (i % 2)) })];
        FeatureStreams.Difference(Block(age: 1).Drive(input, 1), Block(age: 1).Drive(input, 100)).ShouldBeNull();
    }

    [Fact]
    public void Wrong_names_are_refused_with_the_legal_ones()
    {
        Should.Throw<ConfigurationException>(() => new Join(new JoinOptions { Order = ["model65", "nothing"] })).Message.ShouldContain(", model65, time_travel");
        Should.Throw<ConfigurationException>(() => new Join(new JoinOptions { Order = ["basic", "basic"] })).Message.ShouldContain("2 times");
        Should.Throw<ConfigurationException>(() => new Join(new JoinOptions { Order = ["basic"] }));
        var block = Block();
        block.Drive([Vector(new FeatureSchema("a"), 1, 1, 1)]);
        block.Accounts.DroppedTotal.ShouldBe(1);
    }
}
