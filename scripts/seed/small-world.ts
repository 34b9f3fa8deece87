/** The demo world: who is in it and what they sell. Sign-ins and names stand in the README. */

export type Company = {
  readonly name: string
  readonly slug: string
  readonly capabilities: readonly string[]
  readonly owner: { readonly email: string; readonly full_name: string }
}
type Colleague = { readonly email: string; readonly full_name: string; readonly roles: readonly string[] }
export type Good = {
  readonly sku: string
  readonly name: string
  readonly category: string
  readonly unit: string
  readonly price: string
  readonly stock_quantity: number
  readonly min_order_qty: number
  readonly min_stock_level: number
}

export const greenValley: Company = {
  name: "Green Valley Farms",
  slug: "green-valley",
  capabilities: ["supplier"],
  owner: { email: "owner@supplier.waybill.test", full_name: "Olga Owner" },
}
export const greenValleyStaff: readonly Colleague[] = [
  { email: "manager@supplier.waybill.test", full_name: "Mara Manager", roles: ["manager"] },
  { email: "sales@supplier.waybill.test", full_name: "Sami Sales", roles: ["sales_rep"] },
  { email: "warehouse@supplier.waybill.test", full_name: "Wim Warehouse", roles: ["warehouse_op"] },
]
export const harbourDairy: Company = {
  name: "Harbour Dairy",
  slug: "harbour-dairy",
  capabilities: ["supplier"],
  owner: { email: "owner@supplier2.waybill.test", full_name: "Henk Harbour" },
}
export const cornerBistro: Company = {
  name: "Corner Bistro",
  slug: "corner-bistro",
  capabilities: ["buyer"],
  owner: { email: "buyer@buyer.waybill.test", full_name: "Bea Buyer" },
}
export const grandHotel: Company = {
  name: "Grand Hotel",
  slug: "grand-hotel",
  capabilities: ["buyer"],
  owner: { email: "buyer@buyer2.waybill.test", full_name: "Gil Grand" },
}
export const nightKitchen: Company = {
  name: "Night Kitchen",
  slug: "night-kitchen",
  capabilities: ["buyer"],
  owner: { email: "buyer@buyer3.waybill.test", full_name: "Nora Night" },
}

type Line = readonly [sku: string, name: string, category: string, unit: string, price: string, stock: number, minimum: number]

const goods = (lines: readonly Line[]): Good[] =>
  lines.map(([sku, name, category, unit, price, stock, minimum]) => ({
    sku,
    name,
    category,
    unit,
    price,
    stock_quantity: stock,
    min_order_qty: minimum,
    min_stock_level: minimum * 2,
  }))

export const greenValleyGoods: readonly Good[] = goods([
  ["TOM-001", "Organic Tomatoes", "Vegetables", "kg", "5.99", 5_000, 10],
  ["TOM-002", "Cherry Tomatoes", "Vegetables", "kg", "7.49", 900, 5],
  ["POT-001", "New Potatoes", "Vegetables", "kg", "1.89", 4_000, 25],
  ["CAR-001", "Carrots", "Vegetables", "kg", "1.45", 2_200, 10],
  ["ONI-001", "Red Onions", "Vegetables", "kg", "1.65", 1_800, 10],
  ["SPI-001", "Baby Spinach", "Vegetables", "kg", "9.80", 240, 2],
  ["ZUC-001", "Courgettes", "Vegetables", "kg", "2.95", 700, 5],
  ["AUB-001", "Aubergines", "Vegetables", "kg", "3.40", 500, 5],
  ["PEP-001", "Sweet Peppers", "Vegetables", "kg", "4.25", 650, 5],
  ["CUC-001", "Cucumbers", "Vegetables", "piece", "0.85", 1_500, 20],
  ["LET-001", "Butterhead Lettuce", "Vegetables", "piece", "1.10", 800, 12],
  ["MUS-001", "Brown Mushrooms", "Vegetables", "kg", "6.30", 180, 2],
  ["BAS-001", "Basil in Pots", "Herbs", "piece", "1.95", 300, 6],
  ["PAR-001", "Flat Parsley", "Herbs", "bunch", "0.95", 400, 10],
  ["APP-001", "Russet Apples", "Fruit", "kg", "2.60", 2_500, 10],
  ["PEA-001", "Conference Pears", "Fruit", "kg", "2.90", 1_200, 10],
  ["STR-001", "Strawberries", "Fruit", "kg", "8.90", 0, 2],
  ["LEM-001", "Lemons", "Fruit", "kg", "3.15", 950, 5],
  ["EGG-001", "Free-range Eggs", "Eggs", "dozen", "4.20", 600, 5],
  ["HON-001", "Wildflower Honey", "Pantry", "jar", "7.75", 15, 6],
])

export const harbourDairyGoods: readonly Good[] = goods([
  ["MIL-001", "Whole Milk", "Milk", "litre", "1.25", 3_000, 12],
  ["MIL-002", "Skimmed Milk", "Milk", "litre", "1.15", 1_600, 12],
  ["CRE-001", "Double Cream", "Cream", "litre", "4.90", 420, 2],
  ["CRE-002", "Sour Cream", "Cream", "litre", "4.10", 260, 2],
  ["BUT-001", "Salted Butter", "Butter", "kg", "9.60", 500, 2],
  ["BUT-002", "Unsalted Butter", "Butter", "kg", "9.60", 700, 2],
  ["YOG-001", "Plain Yoghurt", "Yoghurt", "kg", "3.20", 640, 5],
  ["YOG-002", "Strained Yoghurt", "Yoghurt", "kg", "5.40", 310, 5],
  ["GOU-001", "Young Gouda", "Cheese", "kg", "11.20", 380, 1],
  ["GOU-002", "Aged Gouda", "Cheese", "kg", "16.80", 140, 1],
  ["EDA-001", "Edam", "Cheese", "kg", "10.90", 220, 1],
  ["GOA-001", "Soft Goat's Cheese", "Cheese", "kg", "18.40", 60, 1],
  ["BLU-001", "Blue Cheese", "Cheese", "kg", "17.30", 75, 1],
  ["MOZ-001", "Mozzarella", "Cheese", "kg", "9.90", 450, 2],
  ["RIC-001", "Ricotta", "Cheese", "kg", "7.60", 190, 2],
  ["FET-001", "Cheese in Brine", "Cheese", "kg", "8.80", 210, 2],
  ["ICE-001", "Vanilla Ice Cream", "Frozen", "litre", "6.50", 350, 5],
  ["ICE-002", "Lemon Sorbet", "Frozen", "litre", "5.80", 120, 5],
  ["CUS-001", "Fresh Custard", "Desserts", "litre", "4.60", 90, 2],
  ["PUD-001", "Rice Pudding", "Desserts", "kg", "3.90", 0, 2],
])
