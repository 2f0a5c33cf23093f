using Microsoft.Playwright;
using QuantumTrader.App.Alerting;
using QuantumTrader.Features;
using QuantumTrader.Tests.App.Hosting;

namespace QuantumTrader.Tests.App.Dashboard;

[Collection(DashboardCollection.Name)]
public sealed class ChangeTests(DashboardFixture dashboard)
{
    [BrowserFact]
    public async Task A_candidate_is_promoted_and_rolled_back_with_the_keyboard_alone()
    {
        await using var served = await dashboard.StartAsync(0, "blocks.feed.speed=10000x");
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address, "rollout");
        await open.Says(".phase .panel-head", "shadow");

        await open.Says(".phase .buttons", "waits for your word");
        await open.Says(".status .glance", "waits for your word");

        (await TypeAsync(open, ".phase [data-verb=promote]", "the gates have passed", HostedRun.Token)).ShouldBeTrue();
        await open.Says(".phase .panel-head", "serving 20%");
        await open.Says(".status .glance", "serving 20%");
        await open.Says(".phase .entries", "the gates have passed");

        (await TypeAsync(open, "[data-level='1']", "it was a drill", null)).ShouldBeTrue();
        await open.Says(".phase .panel-head", "aborted");
        await open.Says(".phase .entries", "it was a drill");
        await Assertions.Expect(open.Page.Locator(".phase [data-verb=retry]")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Trading_is_stopped_and_resumed_through_the_page_and_the_alert_comes_and_goes()
    {
        await using var served = await dashboard.StartAsync(0);
        served.Watch(new GaugeRuleOptions { Name = "no_trading", Gauge = "qt_trading_stopped", Above = 0, Severity = AlertSeverity.Critical });
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address, "trading");
        await open.Says("[data-test=kill]", "Trading is allowed");
        await open.Says("[data-test=money]", "paper");

        (await DoAsync(open, "[data-verb=kill]", "the market is odd")).ShouldBeTrue();
        await open.Says("[data-test=kill]", "Trading is stopped");
        await open.Says("[data-test=kill]", "the market is odd");
        await open.Says("[data-test=money]", "Trading is stopped");
        await open.Says(".alerts .badge.bad", "Alerts: ");
        await open.Page.Locator(".alerts summary").ClickAsync();
        await open.Says(".alerts-list [data-test=now]", "no_trading risk");
        var box = (await open.Page.Locator(".alerts-list").BoundingBoxAsync())!;
        (box.X >= 0 && box.X + box.Width <= 1280).ShouldBeTrue("the list must be on the page");
        await open.Page.Locator(".alerts summary").PressAsync("Escape");
        await Assertions.Expect(open.Page.Locator(".alerts-list")).ToBeHiddenAsync();

        (await DoAsync(open, "[data-verb=resume]", "it is calm again")).ShouldBeTrue();
        await open.Says("[data-test=kill]", "Trading is allowed");
        await open.Page.Locator(".alerts summary").ClickAsync();
        await open.Says(".alerts-list [data-test=earlier]", "no_trading risk");
    }

    [BrowserFact]
    public async Task A_button_of_a_run_without_a_token_says_how_to_get_one()
    {
        await using var served = await dashboard.StartWithoutTokenAsync();
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address, "trading");
        foreach (var (page, button) in new[] { ("trading", "[data-verb=kill]"), ("rollout", "[data-level='1']") })
        {
            await open.GoAsync(page);
            await open.Page.Locator($"{button}.locked").ClickAsync();
            await open.Says("dialog", "this run was started without a token");
            await open.Says("dialog pre", "QT_TOKEN=… ./qt run");
            await Assertions.Expect(open.Page.Locator("dialog input")).ToHaveCountAsync(0);
            await open.Page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(open.Page.Locator("dialog")).ToBeHiddenAsync();
        }
    }

    [BrowserFact]
    public async Task Nothing_is_changed_without_confirmation_or_with_a_wrong_token()
    {
        await using var open = await OpenPage.AtAsync(dashboard.Browser, dashboard.Address, "trading");
        await open.Page.Locator("[data-verb=kill]").ClickAsync();
        await Assertions.Expect(open.Page.Locator("dialog")).ToBeVisibleAsync();
        await open.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(open.Page.Locator("dialog")).ToBeHiddenAsync();

        (await DoAsync(open, "[data-verb=kill]", "a guess", "not the token")).ShouldBeFalse();
        await open.Says("dialog [role=alert]", "The host refused the token");
        await open.Page.Keyboard.PressAsync("Escape");
        await open.Says("[data-test=kill]", "Trading is allowed");
    }

    /// <summary>Goes to a button and confirms without a mouse; true when the host did it, false when it refused. Once given, the tab knows the token.</summary>
    private static async Task<bool> TypeAsync(OpenPage open, string button, string reason, string? token)
    {
        var keys = open.Page.Keyboard;
        for (var tabs = 0; !await open.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", button); tabs++)
        {
            tabs.ShouldBeLessThan(60, $"{button} must be reached with the tab key");
            await keys.PressAsync("Tab");
        }

        await keys.PressAsync("Enter");
        await Assertions.Expect(open.Page.Locator("dialog input[name=reason]")).ToBeFocusedAsync();
        await keys.TypeAsync(reason);
        await keys.PressAsync("Tab");
        await keys.TypeAsync(token ?? "");
        var answered = open.Page.WaitForResponseAsync(r => r.Request.Method == "POST");
        await keys.PressAsync("Enter");
        var isDone = (await answered).Ok;
        await (isDone ? Assertions.Expect(open.Page.Locator("dialog")).ToBeHiddenAsync() : Assertions.Expect(open.Page.Locator("dialog [role=alert]")).ToBeVisibleAsync());
        return isDone;
    }

    /// <summary>Presses a button and confirms; true when the host did it, false when it refused.</summary>
    private static async Task<bool> DoAsync(OpenPage open, string button, string reason, string token = HostedRun.Token)
    {
        var dialog = open.Page.Locator("dialog");
        if (!await dialog.IsVisibleAsync())
        {
            await open.Page.Locator(button).ClickAsync();
        }

        await dialog.Locator("input[name=reason]").FillAsync(reason);
        await dialog.Locator("input[name=token]").FillAsync(token);
        var answered = open.Page.WaitForResponseAsync(r => r.Request.Method == "POST");
        await dialog.Locator("button[type=submit]").ClickAsync();
        var isDone = (await answered).Ok;
        await (isDone ? Assertions.Expect(dialog).ToBeHiddenAsync() : Assertions.Expect(dialog.Locator("[role=alert]")).ToBeVisibleAsync());
        return isDone;
    }
}
