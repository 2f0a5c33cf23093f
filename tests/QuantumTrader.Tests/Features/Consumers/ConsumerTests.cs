using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class ConsumerTests
{
    private static FeatureVector[] FlowVectors(params IEnumerable<MarketEvent> events) => new Flow(new FlowOptions { FullWindows = false }, Feed.NewMarket()).Drive(Feed.Numbered(events));

    private static FeatureVector[] BookVectors(params IEnumerable<MarketEvent> events) =>
        new BookFeatures(new BookFeaturesOptions { Every = Cadence.Update }, Feed.NewMarket()).Drive(Feed.Numbered(events));

    private static TapePattern Pattern(long sequence, TapeKind kind) => new(sequence, Feed.Time(sequence), 1, kind, Side.Buy, 1, 0, 0, 1, 0, 0);

    [Fact]
    public void The_flow_consumer_counts_windows_of_true_time_and_not_messages()
    {
        var consumer = new FlowConsumer(new FlowConsumerOptions(), Feed.NewMarket());
        // 300 messages in one second: the origin called that five minutes.
        var burst = Enumerable.Range(0, 300).Select(i => Feed.Trade(i * 3, quantity: 2, side: Side.Buy));
        consumer.Observe(Run<FeatureVector>.Of(FlowVectors([.. burst, Feed.Trade(120_000, quantity: 3, side: Side.Sell), Feed.Trade(240_000, quantity: 1, side: Side.Buy)])));

        consumer.Aggregate(1, 1).ShouldBe(new FlowAggregate(1, 0, 1));
        consumer.Aggregate(1, 5).ShouldBe(new FlowAggregate(601, 3, 302));
        consumer.GetOfi(1, 5)!.Value.ShouldBe(598.0 / 604, 1e-12);
        consumer.Statistics.ShouldBe(new ConsumerStatistics(302, 302, 0));
        consumer.History(1, 2).Select(p => p.EventTime).ShouldBe([Feed.Time(240_000)], "the window is half-open");
        consumer.History(1, 2.01).Count.ShouldBe(2);
        consumer.GetOfi(2, 5).ShouldBeNull("nothing is known of the other symbol");
        Should.Throw<ArgumentOutOfRangeException>(() => consumer.GetOfi(1, 7));
    }

    [Fact]
    public void The_flow_consumer_says_nothing_of_windows_that_are_not_warm()
    {
        var consumer = new FlowConsumer(new FlowConsumerOptions(), Feed.NewMarket());
        consumer.Observe(Run<FeatureVector>.Of(new Flow(new FlowOptions(), Feed.NewMarket()).Drive(Feed.Numbered(Feed.Trade(0), Feed.Trade(60_000, side: Side.Buy)))));
        (consumer.GetOfi(1, 1), consumer.GetOfi(1, 5)).ShouldBe((1.0, null));
    }

    [Fact]
    public void A_vector_without_flow_is_an_error_of_the_flow_consumer()
    {
        var consumer = new FlowConsumer(new FlowConsumerOptions(), Feed.NewMarket());
        consumer.Observe(Run<FeatureVector>.Of(BookVectors(Feed.Snapshot(0, 1, (-100, 1), (101, 1)))));
        consumer.Statistics.ShouldBe(new ConsumerStatistics(1, 0, 1));
    }

    [Fact]
    public void The_tape_consumer_counts_all_and_tells_frequencies_of_the_last_hundred()
    {
        var consumer = new TapeConsumer(new TapeConsumerOptions(), Feed.NewMarket());
        var patterns = Enumerable.Range(1, 150).Select(i => Pattern(i, i <= 120 ? TapeKind.Sweep : TapeKind.Iceberg)).ToArray();
        consumer.Observe(Run<TapePattern>.Of(patterns));

        var found = consumer.Frequencies(1);
        found.Count.ShouldBe(2);
        found[TapeKind.Sweep].ShouldBe(new TapeFrequency(120, 70, 0.7));
        found[TapeKind.Iceberg].ShouldBe(new TapeFrequency(30, 30, 0.3));
        consumer.Last(1, 3).ShouldBe(patterns[^3..]);
    }

    [Fact]
    public void The_liquidity_consumer_keeps_a_profile_and_remembers_when_it_became_low()
    {
        var consumer = new LiquidityConsumer(new LiquidityConsumerOptions { Recent = 12 }, Feed.NewMarket());
        var steady = Enumerable.Range(2, 20).SelectMany(i => Feed.Update(i, i, i, -1, (-100, 500 + i)));
        var vectors = BookVectors([.. Feed.Snapshot(0, 1, (-100, 500), (100.5, 500)), .. steady, .. Feed.Update(30, 22, 22, -1, (-100, 1), (100.5, 1)), .. Feed.Update(31, 23, 23, -1, (-100, 2))]);
        consumer.Observe(Run<FeatureVector>.Of(vectors));

        var profile = consumer.Profile(1)!;
        (profile.Count, profile.MaxScore, profile.MeanSpread).ShouldBe((12, 1, 1));
        profile.MinScore.ShouldBe(DepthWindow.ScoreOf(2, 1000, 1), 1e-12);
        profile.Alerts.ShouldBe([Feed.Time(30)], "the second low one is the same");
        consumer.Profile(2).ShouldBeNull();
    }

    [Fact]
    public void The_view_of_all_streams_has_the_newest_of_each()
    {
        var consumer = new MultiConsumer(Feed.NewMarket());
        var (flow, book) = (FlowVectors(Feed.Trade(1, side: Side.Buy), Feed.Trade(5, quantity: 3, side: Side.Sell)), BookVectors(Feed.Snapshot(3, 1, (-100, 4), (101, 4))));
        var output = new Output<FeatureVector>();
        consumer.Process(Run<FeatureVector>.Of([flow[0], book[0], flow[1]]), output);
        consumer.ProcessSide(Run<TapePattern>.Of([Pattern(1, TapeKind.Sweep), Pattern(2, TapeKind.Iceberg)]), output);

        var view = consumer.View(1);
        view.Vectors.Keys.ShouldBe(["book", "flow"], ignoreOrder: true);
        (view.Vectors["flow"].EventTime, view.Vectors["flow"].Values["flow_sell_volume_1m"]).ShouldBe((Feed.Time(5), 3));
        (view.Vectors["book"].EventTime, view.Vectors["book"].Values["bid_depth"]).ShouldBe((Feed.Time(3), 4));
        view.Vectors["flow"].Values.ContainsKey("liquidity_score").ShouldBeFalse("what is not warm is not shown");
        view.Pattern.ShouldBe(Pattern(2, TapeKind.Iceberg));
        consumer.Statistics.ShouldBe(new ConsumerStatistics(5, 5, 0));
        output.ToArray().Length.ShouldBe(3, "the vectors go on");
        (consumer.View(2).Vectors.Count, consumer.View(2).Pattern).ShouldBe((0, null));
    }
}
