using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class TradeNumbersTests
{
    [Fact]
    public void Repeats_are_exactly_those_that_a_set_would_find() => Prop.ForAll<PositiveInt[], PositiveInt>((numbers, spread) =>
    {
        var seen = new HashSet<long>();
        var input = numbers.Select(n => (long)(n.Get % (spread.Get + 3)) + 1).ToArray();

        var output = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 0 }, NewMarket()).Drive(Numbered(input.Select((n, i) => Trade(i, n))));

        output.Select(e => e.TradeNumber).ShouldBe(input.Where(seen.Add));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void More_holes_than_fit_forget_the_lowest_numbers_only()
    {
        var block = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 0 }, NewMarket());
        const int count = 65_536 + 1000;

        // Every second number, and then the newest and the oldest once more: the oldest is the 1001st for which there is no room.
        block.Drive(Numbered([.. Enumerable.Range(0, count).Select(i => Trade(i, (2L * i) + 1)), Trade(count, (2L * count) - 1), Trade(count, 1)])).Length.ShouldBe(count + 1);

        block.Accounts.Dropped["duplicate"].ShouldBe(1);
        ((NormalizeReport)block.Report()).ForgottenNumbers.ShouldBe(1001);
    }
}
