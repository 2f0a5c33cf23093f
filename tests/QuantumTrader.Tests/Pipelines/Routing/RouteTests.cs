using System.Diagnostics;
using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Pipelines.Routing;

public sealed class RouteTests
{
    private static readonly int[] Shares = [0, 100, 1000, 5000, 9999, 10_000];

    private static string Golden => Path.Combine(Qt.Root, "tests", "QuantumTrader.Tests", "Pipelines", "Routing", "golden_routes.tsv");

    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void The_hash_is_the_published_one(string text, ulong expected) => KeyHash.Of(Encoding.ASCII.GetBytes(text)).ShouldBe(expected);

    [Fact]
    public void Golden_routes_are_unchanged()
    {
        // A change here moves users' keys to the other side of a running rollout.
        var lines = Keys().Select(k =>
        {
            var route = new Route(k.Salt, k.Unit);
            var hash = k.Kind == "number" ? route.Hash(long.Parse(k.Key, CultureInfo.InvariantCulture)) : route.Hash(k.Key);
            return string.Join('\t', k.Salt, k.Unit, k.Kind, k.Key, hash.ToString(CultureInfo.InvariantCulture), string.Concat(Shares.Select(s => Route.IsIn(hash, s) ? 'c' : 'b')));
        });

        string.Join('\n', lines).ShouldBe(File.ReadAllText(Golden).TrimEnd('\n'));
    }

    [Fact]
    public void A_second_implementation_agrees_with_the_golden_routes()
    {
        using var python = Process.Start(new ProcessStartInfo("python3", [Path.ChangeExtension(Golden, "py"), Golden]) { RedirectStandardOutput = true })!;
        var said = python.StandardOutput.ReadToEnd();
        python.WaitForExit();

        said.Trim().ShouldBe($"{Keys().Count()} routes agree");
        python.ExitCode.ShouldBe(0);
    }

    [Fact]
    public void A_larger_share_holds_every_smaller_one() => Prop.ForAll<long, ushort, ushort>((key, a, b) =>
    {
        var hash = new Route("salt", "operation").Hash(key);
        var (less, more) = (Math.Min(a % 10_001, b % 10_001), Math.Max(a % 10_001, b % 10_001));
        return !Route.IsIn(hash, less) || Route.IsIn(hash, more);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Nobody_is_in_none_and_everybody_in_all() =>
        Prop.ForAll<ulong>(hash => !Route.IsIn(hash, 0) && Route.IsIn(hash, 10_000)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(5000)]
    public void A_share_begins_exactly_at_its_threshold(int basisPoints)
    {
        var threshold = (ulong)((((UInt128)basisPoints) << 64) / 10_000);

        Route.IsIn(threshold - 1, basisPoints).ShouldBeTrue();
        Route.IsIn(threshold, basisPoints).ShouldBeFalse();
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(5000)]
    public void Keys_that_only_count_upwards_are_spread_evenly(int basisPoints)
    {
        // 4.5 standard deviations of a binomial distribution: FNV-1a is far outside in most windows.
        var route = new Route("enhanced_ml", "operation");
        var share = basisPoints / 10_000.0;
        const int N = 100_000, Window = 1000;
        var chosen = Enumerable.Range(1, N).Select(i => Route.IsIn(route.Hash(i), basisPoints) ? 1 : 0).ToArray();

        Math.Abs(chosen.Average() - share).ShouldBeLessThanOrEqualTo(4.5 * Math.Sqrt(share * (1 - share) / N));
        chosen.Chunk(Window).Max(w => Math.Abs(w.Average() - share)).ShouldBeLessThanOrEqualTo(4.5 * Math.Sqrt(share * (1 - share) / Window));
    }

    [Fact]
    public void Two_salts_choose_independently()
    {
        var (a, b) = (new Route("enhanced_ml", "operation"), new Route("enhanced_ml/shadow", "operation"));
        const int N = 100_000;
        var both = Enumerable.Range(0, N).Count(i => Route.IsIn(a.Hash(i), 1000) && Route.IsIn(b.Hash(i), 1000)) / (double)N;

        Math.Abs(both - 0.01).ShouldBeLessThanOrEqualTo(4.5 * Math.Sqrt(0.01 * 0.99 / N));
    }

    [Fact]
    public void Parts_do_not_run_into_each_other()
    {
        new Route("ab", "c").Hash("k").ShouldNotBe(new Route("a", "bc").Hash("k"));
        new Route("a", "b").Hash("ck").ShouldNotBe(new Route("a", "bc").Hash("k"));
    }

    [Fact]
    public void A_long_key_counts_to_its_last_character()
    {
        var route = new Route("salt", "account");

        route.Hash(new string('k', 1000) + "a").ShouldNotBe(route.Hash(new string('k', 1000) + "b"));
    }

    [Fact]
    public void Choosing_allocates_nothing()
    {
        var route = new Route("enhanced_ml", "operation");
        var chosen = Choose(route, 1000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        chosen += Choose(route, 100_000);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        chosen.ShouldBeGreaterThan(0);
    }

    private static int Choose(Route route, int keys)
    {
        var chosen = 0;
        for (var i = 0; i < keys; i++)
        {
            chosen += Route.IsIn(route.Hash(i), 1000) ? 1 : 0;
        }

        return chosen;
    }

    private static IEnumerable<(string Salt, string Unit, string Kind, string Key)> Keys()
    {
        foreach (var salt in new[] { "enhanced_ml", "enhanced_ml/shadow", "zmq" })
        {
            for (var i = 0; i < 12; i++)
            {
                yield return (salt, "operation", "number", (i * i * 7919L).ToString(CultureInfo.InvariantCulture));
            }

            yield return (salt, "operation", "number", long.MaxValue.ToString(CultureInfo.InvariantCulture));
            foreach (var symbol in new[] { "WDOU25", "WINQ26", "PETR4", "DÓLAR", "a-rather-long-name-of-a-symbol-that-needs-more-than-one-lane" })
            {
                yield return (salt, "symbol", "text", symbol);
            }
        }

        // Found by search: they lie next to 0, to the thresholds of 1, 10 and 50 %, and to the end.
        foreach (var key in Near)
        {
            yield return ("edge", "operation", "number", key.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static readonly long[] Near = [71331003, 18095260, 59967861, 19876444, 89926123, 80230483, 49188344, 88181819, 42773748, 82492915];
}
