/** What a newcomer needs next. */
export function banner(base: string, logFile: string, seeded: boolean): string {
  const signIns = `
  Demo sign-ins      password for all: waybill-demo
    platform         super@waybill.test
    supplier         owner@supplier.waybill.test  manager@…  sales@…  warehouse@…
    buyer            buyer@buyer.waybill.test
`
  return `
Waybill is up at   ${base}

  Swagger UI         ${base}/docs
  ReDoc              ${base}/redoc
  OpenAPI            ${base}/openapi.json
  Mail sent          ${base}/dev/mail
${seeded ? signIns : ""}
  See it at work     npm run demo -- --base=${base}
  Log                ${logFile}
  Stop               Ctrl-C
`
}
