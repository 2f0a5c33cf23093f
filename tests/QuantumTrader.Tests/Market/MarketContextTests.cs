using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market;

public sealed class MarketContextTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("qt-market-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Symbols_are_numbered_in_the_order_of_the_section()
    {
        var market = Market("crypto", "BTCUSDT", "ETH-USD");

        market.Symbols.Find("BTCUSDT").ShouldBe(1);
        market.Symbols.Find("ETH-USD").ShouldBe(2);
        market.Instrument(2).Symbol.ShouldBe("ETH-USD");
        market.Instruments.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("WDOU25", 0.5, 10)]
    [InlineData("WDOFUT", 0.5, 10)]
    [InlineData("WINZ26", 5, 0.2)]
    [InlineData("BTCUSD_PERP", 0.1, 100)]
    public void A_pattern_stands_for_all_contract_months(string symbol, double tick, double multiplier)
    {
        var instrument = Market("b3", symbol).Instrument(1);

        instrument.Symbol.ShouldBe(symbol);
        instrument.Tick.ShouldBe((decimal)tick);
        instrument.Multiplier.ShouldBe((decimal)multiplier);
    }

    [Fact]
    public void An_exact_name_wins_over_a_pattern_and_a_longer_pattern_over_a_shorter()
    {
        Write("instruments.yml", """
            instruments:
              A*: { tick: 1, multiplier: 1, quantity_step: 1, max_price: 10 }
              AB*: { tick: 2, multiplier: 1, quantity_step: 1, max_price: 10 }
              ABC: { tick: 3, multiplier: 1, quantity_step: 1, max_price: 10 }
            """);

        Market("crypto", "AX", "ABX", "ABC").Instruments.Select(i => i.Tick).ShouldBe([1m, 2m, 3m]);
    }

    [Fact]
    public void An_unknown_symbol_is_refused_with_the_nearest_names()
    {
        var error = Should.Throw<ConfigurationException>(() => Market("crypto", "BTCUSDX"));

        error.Option.ShouldBe("symbols");
        error.Message.ShouldContain("'BTCUSDX'");
        error.Message.ShouldContain("BTCUSDT");
    }

    [Fact]
    public void An_unknown_calendar_is_refused_with_the_nearest_names()
    {
        var error = Should.Throw<ConfigurationException>(() => Market("b4", "BTCUSDT"));

        error.Option.ShouldBe("calendar");
        error.Message.ShouldContain("Nearest: b3");
    }

    [Fact]
    public void A_symbol_named_twice_is_refused() =>
        Should.Throw<ConfigurationException>(() => Market("crypto", "BTCUSDT", "BTCUSDT")).Option.ShouldBe("symbols");

    [Theory]
    [InlineData("instruments: { X: { tick: 0, multiplier: 1, quantity_step: 1, max_price: 1 } }", "1:27: 'tick' was '0'")]
    [InlineData("instruments: { X: { tick: 1, multiplier: 1, quantity_step: 1 } }", "'max_price' is missing")]
    [InlineData("instruments: { X: { tik: 1 } }", "unknown key 'tik'; legal are: tick")]
    [InlineData("instruments: [", "not valid YAML")]
    [InlineData("", "was empty")]
    public void A_bad_file_is_refused_by_line_and_reason(string text, string expected)
    {
        Write("instruments.yml", text);

        Should.Throw<ConfigurationException>(() => Market("crypto", "X")).Message.ShouldContain(expected);
    }

    [Fact]
    public void A_time_zone_that_the_machine_lacks_names_the_package_to_install()
    {
        Write("calendars.yml", "calendars: { x: { time_zone: Nowhere/Land, days: [mon], hours: [ { open: 09:00, close: 10:00 } ] } }");

        var error = Should.Throw<ConfigurationException>(() => Market("x", "BTCUSDT"));

        error.Outside.ShouldBeTrue();
        error.Message.ShouldContain("tzdata");
    }

    private MarketContext Market(string calendar, params string[] symbols) =>
        new(new MarketOptions { Calendar = calendar, Symbols = symbols }, new SectionContext(_root.FullName, _root.FullName));

    private void Write(string name, string text) =>
        File.WriteAllText(Path.Combine(_root.CreateSubdirectory("config").FullName, name), text);
}
