using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace QuantumTrader.App.Hosting;

/// <summary><c>/openapi.json</c>: made from the routes themselves.</summary>
internal static class OpenApiDocument
{
    public const string Path = "/openapi.json";

    public static void AddTo(IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "QuantumTrader",
                Version = typeof(OpenApiDocument).Assembly.GetName().Version!.ToString(3),
                Description = $"A run as it is now, and what can be done about it. Reading is open on loopback; everything else needs the token of {AccessRules.TokenVariable}. Refusals are problem details (RFC 9457).",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = $"The token of {AccessRules.TokenVariable}." },
            };
            return Task.CompletedTask;
        });
        // Numbers that are none are sent as texts; that almost never happens, and is not worth a choice of types at every number.
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(double))
            {
                (schema.Type, schema.AnyOf) = (JsonSchemaType.Number, null);
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.HttpMethod != "GET")
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", context.Document)] = [] }];
            }

            return Task.CompletedTask;
        });
    });
}
