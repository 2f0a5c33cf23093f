using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace QuantumTrader.Tests.App.Dashboard;

[Collection(DashboardCollection.Name)]
public sealed class PageTests(DashboardFixture dashboard)
{
    private static readonly string[] All = ["flow", "market", "model", "rollout", "trading", "history"];

    public static TheoryData<string> Pages { get; } = [.. All];

    [BrowserFact]
    public async Task The_flow_page_draws_every_block_and_says_what_one_is_busy_with()
    {
        await using var open = await OpenAsync("flow");
        (await open.Page.Locator(".node").EvaluateAllAsync<string[]>("nodes => nodes.map(n => n.dataset.block)"))
            .ShouldBe(dashboard.Served.Live.Watch.Now().Blocks.Select(b => b.Report.Name), ignoreOrder: true);

        await Assertions.Expect(open.Page.Locator("[data-test=bottleneck]")).ToContainTextAsync("%");
        await open.Page.Locator(".node[data-block=book]").ClickAsync();
        await open.Says(".detail h2", "book");
        await open.Says(".detail", "Busy");
        await open.Says(".detail", "normalize");
        open.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task The_numbers_on_a_page_move_with_the_run()
    {
        await using var open = await OpenAsync("flow");
        var first = await EventsAsync(open);

        await Eventually(async () => await EventsAsync(open) > first + 1000);
    }

    [BrowserFact]
    public async Task No_page_asks_another_host_or_breaks_the_content_policy()
    {
        await using var open = await OpenAsync("flow");
        foreach (var page in All)
        {
            await open.GoAsync(page);
        }

        open.Requests.Count.ShouldBeGreaterThan(6);
        open.Requests.ShouldAllBe(r => r.StartsWith(dashboard.Address.ToString(), StringComparison.Ordinal) || r.StartsWith("data:", StringComparison.Ordinal));
        open.Complaints.ShouldBeEmpty();
        var policy = (await open.Page.Context.APIRequest.GetAsync(dashboard.Address.ToString())).Headers["content-security-policy"];
        policy.ShouldContain("default-src 'none'");
        policy.ShouldNotContain("unsafe");
    }

    [BrowserFact]
    public async Task A_keyboard_reaches_every_page_and_every_block()
    {
        await using var open = await OpenAsync("market");
        await open.Page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(open)).ShouldBe("Skip to the page");
        await open.Page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(open)).ShouldBe("Flow");
        (await open.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle")).ShouldBe("solid");
        await open.Page.Keyboard.PressAsync("Enter");
        await open.Page.Locator(".node[data-block=feed]").FocusAsync();
        await open.Page.Keyboard.PressAsync("ArrowRight");
        (await open.Page.EvaluateAsync<string>("document.activeElement.dataset.block")).ShouldBe("normalize");
        await open.Page.Keyboard.PressAsync("Enter");
        await open.Says(".detail h2", "normalize");
    }

    [BrowserTheory]
    [MemberData(nameof(Pages))]
    public async Task A_page_fits_on_a_phone_and_can_be_used_by_everybody(string page)
    {
        await using var open = await OpenPage.AtAsync(dashboard.Browser, dashboard.Address, page, new() { ViewportSize = new() { Width = 390, Height = 800 }, ColorScheme = ColorScheme.Light });

        (await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390);
        await open.SeenAsync(false); // so that it holds still
        (await Accessibility.ViolationsAsync(open.Page)).ShouldBeEmpty();

        await open.Page.SetViewportSizeAsync(1440, 900);
        await open.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        (await Accessibility.ViolationsAsync(open.Page, "color-contrast")).ShouldBeEmpty();
        open.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task Everything_is_said_in_Portuguese_with_its_numbers_and_times()
    {
        await using var open = await OpenPage.AtAsync(dashboard.Browser, dashboard.Address, "flow", new() { Locale = "pt-BR" });
        (await open.Page.Locator("nav[aria-label] a").AllInnerTextsAsync()).ShouldBe(["Fluxo", "Mercado", "Modelo", "Implantação", "Operações", "Histórico"]);
        (await open.Page.EvaluateAsync<string>("document.documentElement.lang")).ShouldBe("pt-BR");
        await Eventually(async () => Regex.IsMatch(await open.Page.Locator(".status").InnerTextAsync(), @"\d\.\d{3} eventos"));
        await open.Says(".status .zone", "UTC");

        await open.Page.Locator("select[name=language]").SelectOptionAsync("en");
        await open.Says("nav[aria-label] a", "Flow");
        await Eventually(async () => Regex.IsMatch(await open.Page.Locator(".status").InnerTextAsync(), @"\d,\d{3} events"));
        await open.Page.ReloadAsync();
        await open.Says("nav[aria-label] a", "Flow");
    }

    [BrowserFact]
    public async Task The_theme_is_that_of_the_system_until_one_is_chosen()
    {
        await using var open = await OpenPage.AtAsync(dashboard.Browser, dashboard.Address, "market", new() { ColorScheme = ColorScheme.Dark });
        (await BrightnessAsync(open)).ShouldBeLessThan(60);
        await open.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await Eventually(async () => await BrightnessAsync(open) > 200);
        await open.Page.Locator("select[name=theme]").SelectOptionAsync("dark");
        await Eventually(async () => await BrightnessAsync(open) < 60);
        open.Complaints.ShouldBeEmpty();
    }

    internal static async Task Eventually(Func<Task<bool>> isSo, int seconds = 30)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(seconds); !await isSo(); await Task.Delay(50))
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, "it did not come to be");
        }
    }

    private Task<OpenPage> OpenAsync(string page) => OpenPage.AtAsync(dashboard.Browser, dashboard.Address, page);

    internal static async Task<long> EventsAsync(OpenPage open) =>
        long.Parse(Regex.Replace(await open.Page.Locator(".status .rate .quiet").InnerTextAsync(), @"\D", ""), System.Globalization.CultureInfo.InvariantCulture);

    private static Task<string> FocusedAsync(OpenPage open) => open.Page.EvaluateAsync<string>("document.activeElement.innerText");

    private static Task<int> BrightnessAsync(OpenPage open) =>
        open.Page.EvaluateAsync<int>("Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))");
}
