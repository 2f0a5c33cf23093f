using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.Trading;

public sealed class OrderLifeTests
{
    [Theory]
    [InlineData(OrderNews.Received, 0, OrderState.Pending)]
    [InlineData(OrderNews.Working, 0, OrderState.Sent)]
    [InlineData(OrderNews.Working, 2, OrderState.Partial)]
    [InlineData(OrderNews.Received, 2, OrderState.Partial)]
    [InlineData(OrderNews.Working, 5, OrderState.Filled)]
    [InlineData(OrderNews.Cancelled, 0, OrderState.Cancelled)]
    [InlineData(OrderNews.Cancelled, 2, OrderState.Cancelled)]
    [InlineData(OrderNews.Cancelled, 5, OrderState.Filled)]
    [InlineData(OrderNews.Rejected, 0, OrderState.Rejected)]
    [InlineData(OrderNews.Lost, 0, OrderState.Error)]
    [InlineData(OrderNews.Lost, 2, OrderState.Error)]
    public void The_first_news_of_an_order_says_where_it_is(OrderNews news, long traded, OrderState state) =>
        After((news, traded)).ShouldBe(new OrderLife(state, 5, traded));

    [Theory]
    [InlineData(OrderState.Cancelled)]
    [InlineData(OrderState.Rejected)]
    public void What_trades_while_an_order_ends_still_counts(OrderState end)
    {
        var ending = end == OrderState.Cancelled ? OrderNews.Cancelled : OrderNews.Rejected;
        After((ending, 1), (OrderNews.Working, 3)).ShouldBe(new OrderLife(end, 5, 3));
        After((ending, 1), (OrderNews.Working, 5)).ShouldBe(new OrderLife(OrderState.Filled, 5, 5));
    }

    [Fact]
    public void An_order_that_was_lost_is_found_by_any_news()
    {
        After((OrderNews.Lost, 0), (OrderNews.Received, 0)).State.ShouldBe(OrderState.Pending);
        After((OrderNews.Lost, 0), (OrderNews.Working, 0)).State.ShouldBe(OrderState.Sent);
        After((OrderNews.Lost, 0), (OrderNews.Working, 5)).State.ShouldBe(OrderState.Filled);
        After((OrderNews.Lost, 0), (OrderNews.Cancelled, 1)).ShouldBe(new OrderLife(OrderState.Cancelled, 5, 1));
        After((OrderNews.Lost, 0)).IsFinal.ShouldBeFalse();
    }

    [Fact]
    public void A_change_of_the_quantity_may_fill_an_order_and_never_goes_below_what_traded()
    {
        var partial = After((OrderNews.Working, 3));
        partial.TryTake(OrderNews.Working, 3, 8, out var more).ShouldBeTrue();
        more.ShouldBe(new OrderLife(OrderState.Partial, 8, 3));
        partial.TryTake(OrderNews.Working, 3, 3, out var less).ShouldBeTrue();
        less.State.ShouldBe(OrderState.Filled);
        partial.TryTake(OrderNews.Working, 1, 2, out var impossible).ShouldBeFalse();
        impossible.ShouldBe(partial);
    }

    [Fact]
    public void More_is_never_traded_than_there_is() =>
        Should.Throw<InvalidOperationException>(() => After((OrderNews.Working, 3)).Trade(3)).Message.ShouldContain("Invariant: 3 of 2 units");

    [Fact]
    public void What_traded_only_grows_and_what_has_ended_stays_ended() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte News, sbyte Traded, sbyte Quantity)[]>(),
        steps =>
        {
            var life = OrderLife.Begin(5);
            foreach (var (news, traded, quantity) in steps)
            {
                var given = ((OrderNews)(news % 5), (long)traded % 8, (long)quantity % 8);
                var isTaken = life.TryTake(given.Item1, given.Item2, given.Item3, out var next);
                next.TryTake(given.Item1, given.Item2, given.Item3, out var again);
                var isSound = isTaken
                    ? next.Traded == Math.Max(life.Traded, given.Item2) && next.Quantity == given.Item3 && again == next
                    : next == life;
                var isEnded = !life.IsFinal || next.State == life.State || next.State == OrderState.Filled || life.State == OrderState.Filled;
                if (!isSound || !isEnded || next.Traded < life.Traded || next.Traded > next.Quantity || (next.State == OrderState.Filled && next.Remaining != 0 && life.State != OrderState.Filled)
                    || (next.State == OrderState.Sent && next.Traded > 0) || (next.State == OrderState.Partial && next.Traded == 0))
                {
                    return false;
                }

                life = next;
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_order_the_news_comes_in_and_however_often_the_end_is_the_same() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Trades, bool IsCancelled, int Seed)>(),
        story =>
        {
            // A true story: received, working, some trades, and perhaps taken back.
            var trades = story.Trades % 6;
            var news = new List<(OrderNews, long)> { (OrderNews.Received, 0), (OrderNews.Working, 0) };
            news.AddRange(Enumerable.Range(1, trades).Select(t => (OrderNews.Working, (long)t)));
            if (story.IsCancelled)
            {
                news.Add((OrderNews.Cancelled, trades));
            }

            var random = new Random(story.Seed);
            var told = news.Concat(news.Where(_ => random.Next(2) == 0)).OrderBy(_ => random.Next()).ToArray();
            return After(told) == After([.. news]);
        }).QuickCheckThrowOnFailure();

    private static OrderLife After(params (OrderNews News, long Traded)[] told) =>
        told.Aggregate(OrderLife.Begin(5), (life, t) => life.TryTake(t.News, t.Traded, 5, out var next) ? next : throw new InvalidOperationException("Impossible."));
}
